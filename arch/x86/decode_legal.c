/* SPDX-License-Identifier: MIT */
/*
 * What makes a legacy encoding illegal beside its opcode: a mandatory prefix that has no
 * instruction, LOCK where nothing is read and written, the wrong kind of operand, an empty slot of
 * a group (SDM volume 2, table A-6).
 */
#include "arch/x86/decode_tables.h"

/* By ModRM.reg: under which mandatory prefixes the memory and the register form exist; LOCK. */
struct group {
    u8 mem[8], reg[8];
    u8 lock;
};

#define MEM(...) .mem = {__VA_ARGS__}
#define REG(...) .reg = {__VA_ARGS__}
#define FORMS(mem, reg, lock)                                                                      \
    {                                                                                              \
        mem, reg, lock                                                                             \
    }
#define FOUR ANY, ANY, ANY, ANY

static const struct group groups[GROUP_COUNT] = {
    [GROUP_1] = FORMS(MEM(FOUR, FOUR), REG(FOUR, FOUR), 0x7f),
    [GROUP_1A] = FORMS(MEM(ANY), REG(ANY), 0),
    [GROUP_3] = FORMS(MEM(FOUR, FOUR), REG(FOUR, FOUR), 0x0c),
    [GROUP_4] = FORMS(MEM(ANY, ANY), REG(ANY, ANY), 0x03),
    [GROUP_5] = FORMS(MEM(FOUR, ANY, ANY, ANY), REG(ANY, ANY, ANY, 0, ANY, 0, ANY), 0x03),
    /* SLDT STR LLDT LTR VERR VERW */
    [GROUP_6] = FORMS(MEM(FOUR, ANY, ANY), REG(FOUR, ANY, ANY), 0),
    /* SGDT SIDT LGDT LIDT SMSW RSTORSSP LMSW INVLPG; registers: group_7 below */
    [GROUP_7] = FORMS(MEM(FOUR, ANY, PF3, ANY, ANY), REG(0), 0),
    [GROUP_8] = FORMS(MEM(0, 0, 0, 0, FOUR), REG(0, 0, 0, 0, FOUR), 0xe0),
    /* CMPXCHG8B, XRSTORS, XSAVEC, XSAVES, VMPTRLD VMCLEAR VMXON, VMPTRST; RDRAND, RDSEED RDPID */
    [GROUP_9] = FORMS(MEM(0, ANY, 0, NP, NP, NP, NP | P66 | PF3, NP),
                      REG(0, 0, 0, 0, 0, 0, NP | P66 | PF3, NP | P66 | PF3), 0x02),
    /* /7 of a register is XABORT and XBEGIN, with ModRM F8 only */
    [GROUP_11] = FORMS(MEM(ANY), REG(ANY, 0, 0, 0, 0, 0, 0, ANY), 0),
    [GROUP_12] = FORMS(MEM(0), REG(0, 0, ANY, 0, ANY, 0, ANY), 0),
    /* /3 and /7 shift whole bytes: SSE2 only */
    [GROUP_14] = FORMS(MEM(0), REG(0, 0, ANY, P66, 0, 0, ANY, P66), 0),
    /* FXSAVE FXRSTOR LDMXCSR STMXCSR XSAVE XRSTOR XSAVEOPT CLFLUSH; PTWRITE, CLWB, CLRSSBSY,
     * CLFLUSHOPT; registers: RDFSBASE and kin, INCSSP, fences, TPAUSE, UMONITOR, UMWAIT */
    [GROUP_15] = FORMS(MEM(NP, NP, NP, NP, NP | PF3, NP, NP | P66 | PF3, NP | P66),
                       REG(PF3, PF3, PF3, PF3, PF3, NP | PF3, ANY, NP), 0),
    [GROUP_SREG_READ] = FORMS(MEM(FOUR, ANY, ANY), REG(FOUR, ANY, ANY), 0),
    [GROUP_SREG_WRITE] = FORMS(MEM(ANY, 0, FOUR), REG(ANY, 0, FOUR), 0),
    [GROUP_HRESET] = FORMS(MEM(0), REG(PF3), 0),
    [GROUP_KEYLOCKER] = FORMS(MEM(PF3, PF3, PF3, PF3), REG(0), 0),
};

/* 0F 01 C0 to FF: every register form is an instruction of its own. SMSW is E0-E7, LMSW F0-F7. */
static const u8 group_7[64] = {
    [0x00 ... 0x05] = NP,       /* ENCLV, VMCALL, VMLAUNCH, VMRESUME, VMXOFF, PCONFIG */
    [0x08 ... 0x0b] = NP,       /* MONITOR, MWAIT, CLAC, STAC */
    [0x0c ... 0x0e] = P66,      /* TDCALL, SEAMRET, SEAMOPS */
    [0x0f] = NP | P66,          /* ENCLS, SEAMCALL */
    [0x10 ... 0x11] = NP,       /* XGETBV, XSETBV */
    [0x14 ... 0x17] = NP,       /* VMFUNC, XEND, XTEST, ENCLU */
    [0x18 ... 0x1f] = ANY,      /* VMRUN VMMCALL VMLOAD VMSAVE STGI CLGI SKINIT INVLPGA */
    [0x20 ... 0x27] = ANY,      /* SMSW */
    [0x28] = NP | PF3 | PF2,    /* SERIALIZE, SETSSBSY, XSUSLDTRK */
    [0x29] = PF2,               /* XRESLDTRK */
    [0x2a] = PF3,               /* SAVEPREVSSP */
    [0x2c ... 0x2d] = PF3,      /* UIRET, TESTUI */
    [0x2e ... 0x2f] = NP | PF3, /* RDPKRU, WRPKRU; CLUI, STUI */
    [0x30 ... 0x37] = ANY,      /* LMSW */
    [0x38 ... 0x39] = ANY,      /* SWAPGS, RDTSCP */
    [0x3a] = NP | PF3,          /* MONITORX, MCOMMIT */
    [0x3b] = NP,                /* MWAITX */
    [0x3c] = ANY,               /* CLZERO */
    [0x3d] = ANY,               /* RDPRU */
    [0x3e ... 0x3f] =
        NP | PF3 | PF2, /* INVLPGB, RMPADJUST, RMPUPDATE; TLBSYNC, PSMASH, PVALIDATE */
};

/* x87 (table A-7 and on): one bit a register form (ModRM C0 up), aliases that processors execute
 * included; and one bit a ModRM.reg for memory. */
static const u64 x87_reg[8] = {
    ~0ull,              /* D8 */
    0xffff7f33ff01ffff, /* D9: FLD FXCH, FNOP, FSTP alias, then single ones */
    0x00000200ffffffff, /* DA: FCMOVcc, FUCOMPP */
    0x00ffff1fffffffff, /* DB: FCMOVNcc, FNENI FNDISI FNCLEX FNINIT FNSETPM, FUCOMI, FCOMI */
    ~0ull,              /* DC */
    0x0000ffffffffffff, /* DD */
    0xffffffff02ffffff, /* DE: FCOMPP alone in D8-DF */
    0x00ffff01ffffffff, /* DF: FNSTSW AX alone in E0-E7 */
};
static const u8 x87_mem[8] = {0xff, 0xfd, 0xff, 0xaf, 0xff, 0xdf, 0xff, 0xff};

static bool x87_exists(const struct insn *insn)
{
    if (insn->has_mem)
        return x87_mem[insn->opcode & 7] >> insn_modrm_reg(insn) & 1;
    return x87_reg[insn->opcode & 7] >> (insn->modrm & 63) & 1;
}

/* Of the prefixes that an encoding takes as part of the opcode, the one that counts. */
static unsigned mandatory_of(const struct insn *insn)
{
    if (insn->prefixes & PREFIX_REPNE)
        return PF2;
    if (insn->prefixes & PREFIX_REP)
        return PF3;
    return insn->prefixes & PREFIX_OPSIZE ? P66 : NP;
}

static bool lock_legal(const struct insn *insn, u32 op)
{
    if (!insn->has_mem)
        return false;
    return op & OP_LOCK || groups[OP_GROUP_OF(op)].lock >> insn_modrm_reg(insn) & 1;
}

/* CR0, 2, 3, 4 and 8 exist; of the debug registers 4 and 5 are aliases or raise #UD by CR4.DE. */
static bool control_exists(const struct insn *insn, unsigned group)
{
    return group == GROUP_CR ? insn->reg < 16 && (1u << insn->reg & 0x11d) : insn->reg < 8;
}

/* VMREAD and VMWRITE take anything; SSE4a's EXTRQ (78: /0) and INSERTQ take registers only. */
static bool group_78_exists(const struct insn *insn, unsigned mandatory)
{
    if (mandatory == NP)
        return true;
    if (insn->has_mem)
        return false;
    return insn->opcode != 0x78 || mandatory != P66 || insn_modrm_reg(insn) == 0;
}

/* SWAPGS; SEAMRET, SEAMOPS, SEAMCALL; UIRET, TESTUI, CLUI, STUI; RMPADJUST, RMPUPDATE; PSMASH. */
static bool group_7_only_64(u8 modrm, unsigned mandatory)
{
    if (modrm == 0xf8)
        return true;
    if (mandatory == P66)
        return modrm >= 0xcd && modrm <= 0xcf;
    if (modrm == 0xff)
        return mandatory == PF3;
    return mandatory != NP && ((modrm >= 0xec && modrm <= 0xef) || modrm == 0xfe);
}

/* The rules of some groups that their table does not say. */
static bool group_extra(const struct insn *insn, unsigned group, unsigned mandatory)
{
    unsigned reg = insn_modrm_reg(insn);
    switch (group) {
    case GROUP_7:
        return insn->has_mem || insn->bits == 64 || !group_7_only_64(insn->modrm, mandatory);
    case GROUP_HRESET:
        return insn->modrm == 0xc0;
    case GROUP_9: /* SENDUIPI */
        return insn->has_mem || reg != 6 || mandatory != PF3 || insn->bits == 64;
    case GROUP_11:
        return insn->has_mem || reg == 0 || insn->modrm == 0xf8;
    case GROUP_15: /* RDFSBASE, RDGSBASE, WRFSBASE, WRGSBASE */
        return insn->has_mem || reg > 3 || insn->bits == 64;
    default:
        return true;
    }
}

static bool group_exists(const struct insn *insn, unsigned group)
{
    unsigned reg = insn_modrm_reg(insn), mandatory = mandatory_of(insn);
    if (group == GROUP_X87)
        return x87_exists(insn);
    if (group == GROUP_CR || group == GROUP_DR)
        return control_exists(insn, group);
    if (group == GROUP_78)
        return group_78_exists(insn, mandatory);
    u8 on = insn->has_mem ? groups[group].mem[reg] : groups[group].reg[reg];
    if (group == GROUP_7 && !insn->has_mem)
        on = group_7[insn->modrm & 63];
    return on & mandatory && group_extra(insn, group, mandatory);
}

bool decode_legal(const struct insn *insn, u32 op)
{
    if (op & (OP_MEM | OP_REG) && insn->has_mem != !!(op & OP_MEM))
        return false;
    if (op & OP_REP_REG && insn->prefixes & (PREFIX_REP | PREFIX_REPNE) && insn->has_mem)
        return false;
    if (OP_ON_OF(op)) {
        unsigned mandatory = mandatory_of(insn);
        if (!(OP_ON_OF(op) & mandatory))
            return false;
        if (OP_ON_MEM_OF(op) & mandatory && !insn->has_mem)
            return false;
    }
    if (insn->prefixes & PREFIX_LOCK && !lock_legal(insn, op))
        return false;
    return !OP_GROUP_OF(op) || group_exists(insn, OP_GROUP_OF(op));
}

/* APM volume 3, table A-13. */
bool decode_3dnow_exists(u8 suffix)
{
    switch (suffix) {
    case 0x0c ... 0x0d: /* PI2FW, PI2FD */
    case 0x1c ... 0x1d: /* PF2IW, PF2ID */
    case 0x8a:          /* PFNACC */
    case 0x8e:          /* PFPNACC */
    case 0x90:          /* PFCMPGE */
    case 0x94:          /* PFMIN */
    case 0x96 ... 0x97: /* PFRCP, PFRSQRT */
    case 0x9a:          /* PFSUB */
    case 0x9e:          /* PFADD */
    case 0xa0:          /* PFCMPGT */
    case 0xa4:          /* PFMAX */
    case 0xa6 ... 0xa7: /* PFRCPIT1, PFRSQIT1 */
    case 0xaa:          /* PFSUBR */
    case 0xae:          /* PFACC */
    case 0xb0:          /* PFCMPEQ */
    case 0xb4:          /* PFMUL */
    case 0xb6 ... 0xb7: /* PFRCPIT2, PMULHRW */
    case 0xbb:          /* PSWAPD */
    case 0xbf:          /* PAVGUSB */
        return true;
    default:
        return false;
    }
}
