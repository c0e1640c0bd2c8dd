/* SPDX-License-Identifier: MIT */
#include "arch/x86/guest.h"
#include "arch/x86/cpu.h"
#include "arch/x86/msr.h"
u64 guest_cr4_allowed(const struct guest *g){(void)g; return 0x3707ff & ~CR4_VMXE;}
u64 guest_efer_allowed(const struct guest *g){(void)g; return 0xd01;}
enum guest_action guest_cpuid(struct guest *g){struct cpuid r=cpuid((u32)g->gpr[0],(u32)g->gpr[1]); if((u32)g->gpr[0]==0x40000000){r=(struct cpuid){0x40000000,0x76697254,0x72547465,0x74657669};} if((u32)g->gpr[0]==1)r.ecx&=~(1u<<5);g->gpr[0]=r.eax;g->gpr[3]=r.ebx;g->gpr[1]=r.ecx;g->gpr[2]=r.edx;return GUEST_NEXT;}
enum guest_action guest_rdmsr(struct guest *g){return guest_gp(g);}
enum guest_action guest_wrmsr(struct guest *g){return guest_gp(g);}
enum guest_action guest_xsetbv(struct guest *g){return guest_gp(g);}
void guest_msr_reset(struct guest *g){(void)g;}
void guest_msr_passed(void (*pass)(void *, u32, bool, bool), void *b){static const u32 m[]={MSR_FS_BASE,MSR_GS_BASE,MSR_EFER,MSR_LSTAR,MSR_STAR,MSR_FMASK,MSR_KERNEL_GS_BASE};for(unsigned i=0;i<7;i++)pass(b,m[i],true,true);}
