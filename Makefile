# SPDX-License-Identifier: MIT
# Trivet: `make run` runs it, `make test` tests it, and both install what they miss. docs/testing.md has the rest.

VERSION := 0.1

# --- knobs ---------------------------------------------------------------------------------------
CC    := gcc
B     := build
V     := 0
JOBS  := $(shell nproc)
DEPS    ?= yes
LANE    ?=
CPUS    ?= 4
MEMORY  ?= 512
CMDLINE ?=
CASE    ?=
GUEST   ?=
# VMREADs and VMWRITEs an exit, in `make bench`; and whether exits are counted and timed. Other builds, so give them a B= of
# their own.
COUNT_VMCS := 0
COUNT_EXITS := 1

# --- tools: a cross compiler by itself where this is no x86-64 -------------------------------------
ifeq ($(shell uname -m),x86_64)
CROSS_COMPILE :=
else
CROSS_COMPILE := x86_64-linux-gnu-
endif
ifneq ($(findstring clang,$(CC)),)
KCC := $(CC) --target=x86_64-linux-gnu
STACK := -mstack-alignment=8
DENSE :=
else
KCC := $(CROSS_COMPILE)$(CC)
STACK := -mpreferred-stack-boundary=3
DENSE := -fno-align-functions -fno-align-jumps -fno-align-loops
endif
LD      := $(CROSS_COMPILE)ld
NM      := $(CROSS_COMPILE)nm
OBJCOPY := $(CROSS_COMPILE)objcopy
HOSTCC  := gcc
FUZZCC  := clang

# --- flags ---------------------------------------------------------------------------------------
LANG_FLAGS   := -std=gnu17 -I. -I$(B) -DVERSION='"$(VERSION)"' -DCOUNT_VMCS=$(COUNT_VMCS) -DCOUNT_EXITS=$(COUNT_EXITS) -g -fno-strict-aliasing -fno-common -ffile-prefix-map=$(CURDIR)=.
WARN_FLAGS   := -Wall -Wextra -Wconversion -Wvla -Wstrict-prototypes -Wmissing-prototypes -Werror
SMALL        := -Os
KERNEL_FLAGS := -DHOST=0 $(SMALL) -ffreestanding -fno-pic -mcmodel=kernel -mno-red-zone -mgeneral-regs-only $(STACK) \
                -fno-omit-frame-pointer -fno-asynchronous-unwind-tables -fcf-protection=none -fno-jump-tables -ffunction-sections -fdata-sections \
                -fstack-protector-strong -mstack-protector-guard=global
HOT_FLAGS    := -O2 -fomit-frame-pointer -fjump-tables $(DENSE)
HOST_FLAGS   := -DHOST=1 -O1 -fno-omit-frame-pointer -fno-sanitize-recover=all
LINK_FLAGS   := -nostdlib -static -z max-page-size=0x1000 -z noexecstack --build-id=none \
                --gc-sections --fatal-warnings --orphan-handling=error -T linker.ld

# --- sources by room -----------------------------------------------------------------------------
ROOMS  := boot lib mm arch/x86 vmx svm core drivers/host drivers/emu guests
SRCS   := $(filter-out %_offsets.c,$(sort $(foreach room,$(ROOMS),$(wildcard $(room)/*.c $(room)/*.S))))
OBJS   := $(SRCS:%=$(B)/%.o)

# What is pure compiles on the host too, for the unit tests and the fuzzers.
PURE   := $(sort $(wildcard lib/*.c mm/*.c drivers/emu/*.c guests/load_*.c guests/firmware.c guests/acpi*.c guests/mptable.c guests/smbios.c \
            boot/info*.c boot/options*.c \
            core/manifest*.c core/io_bus.c core/stats.c core/lines.c core/console.c \
            drivers/host/acpi*.c drivers/host/font.c drivers/host/fb.c drivers/host/term.c \
            arch/x86/features.c arch/x86/preflight.c arch/x86/skew.c arch/x86/decode*.c arch/x86/alu.c \
            arch/x86/guest_cpu.c arch/x86/guest_walk.c arch/x86/guest_fetch.c arch/x86/mmio_*.c \
            arch/x86/guest_cpuid*.c arch/x86/guest_msr*.c arch/x86/guest_apic.c arch/x86/guest_pv.c arch/x86/guest_weak.c arch/x86/guest_switch.c arch/x86/guest_xstate.c \
            arch/x86/guest_task.c arch/x86/guest_tss.c arch/x86/guest_load.c arch/x86/guest_during.c \
            arch/x86/guest_debug.c arch/x86/guest_maps.c arch/x86/guest_dump.c \
            vmx/vmx_caps.c vmx/vmx_features.c vmx/vmx_controls.c vmx/vmx_check*.c vmx/vmx_names.c vmx/vmx_dump.c \
            svm/svm_caps.c svm/svm_event.c svm/svm_names.c svm/svm_check.c svm/svm_dump.c))
UNITS  := $(patsubst test/unit/%.c,$(B)/unit/%,$(sort $(wildcard test/unit/test_*.c)))
FUZZES := $(patsubst test/fuzz/%.c,$(B)/fuzz/%,$(sort $(wildcard test/fuzz/fuzz_*.c)))

say = @$(if $(filter 1,$(V)),,printf '  %-8s %s\n' '$(1)' '$(2)';)
Q  := $(if $(filter 1,$(V)),,@)

.PHONY: all iso run test test-long bench bench-kvm bench-compare units fuzz lint format clean deps
.DELETE_ON_ERROR:
all: $(B)/trivet.elf

# --- the image -----------------------------------------------------------------------------------
$(B)/%.c.o: %.c Makefile
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(KCC) $(LANG_FLAGS) $(WARN_FLAGS) $(KERNEL_FLAGS) -MMD -MP -c $< -o $@
	$(if $(filter $<,$(BOOT_ONLY)),$(Q)$(OBJCOPY) --prefix-alloc-sections=.boot $@)

$(B)/%.S.o: %.S Makefile
	$(call say,AS,$<)
	@mkdir -p $(@D)
	$(Q)$(KCC) $(LANG_FLAGS) $(KERNEL_FLAGS) -MMD -MP -c $< -o $@

# What runs only until the machines are made: its memory goes to the frame allocator then (docs/boot.md). A file goes as a
# whole, with its constants and variables, whatever the compiler makes of its functions (boot/entry.S and ap_start.S name
# their sections themselves). linker.ld sees to it that nothing which stays refers to them.
BOOT_ONLY := $(addprefix boot/,consoles_start.c cores_start.c info.c info_fb.c info_mem.c info_modules.c input_start.c machines_plan.c main.c memory.c options.c \
                 options_console.c plan.c refuse.c selftest.c tables.c) \
             $(addprefix arch/x86/,apic_init.c clock_init.c cpu_protect.c features.c identity.c preflight.c skew.c skew_exchange.c smp_start.c) \
             $(addprefix core/,manifest.c manifest_check.c manifest_keys.c manifest_text.c) \
             $(addprefix drivers/host/,acpi.c acpi_aml.c acpi_fadt.c acpi_madt.c acpi_misc.c clocks.c cmos.c pci.c serial_pci.c) \
             $(addprefix mm/,frame_boot.c hostmap.c memmap.c) \
             vmx/vmx_caps.c vmx/vmx_features.c vmx/vmx_start.c svm/svm_caps.c svm/svm_start.c

# Offsets of C structs for the assembler: lines "=> NAME value" in the assembly text of X_offsets.c.
$(B)/%_offsets.h: %_offsets.c Makefile
	@mkdir -p $(@D)
	$(Q)$(KCC) $(LANG_FLAGS) $(KERNEL_FLAGS) -MMD -MP -MT $@ -MF $@.d -S $< -o - | \
	    sed -n 's/.*"=> \([A-Z_]*\) \([0-9]*\)".*/#define \1 \2/p' > $@

$(B)/vmx/vmx_entry.S.o: $(B)/vmx/vmx_offsets.h

# Most exits go through these: fast rather than small, and a frame pointer there costs more than a backtrace through
# them is worth.
COLD := arch/x86/guest_cpuid_init.c arch/x86/guest_task.c arch/x86/guest_tss.c arch/x86/guest_load.c arch/x86/guest_dump.c \
        arch/x86/guest_vm.c arch/x86/guest_maps.c arch/x86/guest_xstate.c arch/x86/guest_call.c arch/x86/guest_msr_mtrr.c arch/x86/guest_weak.c \
        arch/x86/guest_during.c arch/x86/guest_pv.c arch/x86/guest_switch.c $(addprefix drivers/emu/,rtc.c rtc_time.c rtc_memory.c i8042.c hpet.c hpet_timer.c reset.c debug_exit.c fw_cfg.c pci.c pm.c lapic.c lapic_lvt.c) \
        arch/x86/mmio_string.c arch/x86/guest_debug.c arch/x86/guest_cr.c arch/x86/guest_cpu.c
HOT  := $(filter-out $(COLD),$(wildcard arch/x86/guest_*.c arch/x86/mmio_*.c drivers/emu/*.c) guests/pc.c guests/pc_apic.c) \
        vmx/vmx_exit.c vmx/vmx_state.c vmx/vmx_event.c vmx/vmx_apic.c arch/x86/clock.c core/io_bus.c core/lines.c core/run.c \
        mm/ptab.c mm/ptab_map.c mm/ptab_format.c
$(HOT:%=$(B)/%.o): KERNEL_FLAGS += $(HOT_FLAGS)
$(B)/svm/svm_entry.S.o: $(B)/svm/svm_offsets.h

# The first link has an empty table of function names; the second has the one made from the first.
$(B)/symbols0.S: arch/x86/symbols.sh
	@mkdir -p $(@D)
	$(Q)arch/x86/symbols.sh < /dev/null > $@

$(B)/symbols.S: $(B)/trivet0.elf
	$(Q)$(NM) -n $< | arch/x86/symbols.sh > $@

$(B)/symbols%.o: $(B)/symbols%.S
	$(Q)$(KCC) -c -Wa,--fatal-warnings $< -o $@

$(B)/symbols.o: $(B)/symbols.S
	$(Q)$(KCC) -c -Wa,--fatal-warnings $< -o $@

$(B)/trivet0.elf: $(OBJS) $(B)/symbols0.o linker.ld
	$(Q)$(LD) $(LINK_FLAGS) $(OBJS) $(B)/symbols0.o -o $@

$(B)/trivet.elf: $(OBJS) $(B)/symbols.o linker.ld
	$(call say,LD,$@)
	$(Q)$(LD) $(LINK_FLAGS) $(OBJS) $(B)/symbols.o -o $@

# --- run and test: each sees first to what it needs --------------------------------------------------
NEEDS  := deps-build deps-iso deps-run deps-linux deps-test deps-bench deps-bench-kvm deps-bench-compare
SUB    := $(MAKE) --no-print-directory $(if $(findstring jobserver,$(MAKEFLAGS)),,-j$(JOBS))
MKISO   = B=$(B) OBJCOPY=$(OBJCOPY) sh test/iso.sh
MENU    = --cfg boot/grub.cfg
CONSOLE = python3 test/console.py --cores=$(CPUS) --memory=$(MEMORY)
# What boot/grub.cfg loads beside the kernel.
DEMO   := guests/demo/trivet.conf $(B)/guests/tiny/hello.elf

.PHONY: $(NEEDS) FORCE
$(NEEDS): deps-%:
	@CC='$(CC)' LANE='$(LANE)' DEPS='$(DEPS)' sh test/deps.sh $*
deps: deps-test
$(OBJS): | deps-build

# The commit's date is in the image, so another commit makes another one.
$(B)/epoch: FORCE
	@mkdir -p $(@D)
	@echo "$${SOURCE_DATE_EPOCH:-$$(git log -1 --format=%ct 2>/dev/null)}" >$@.new
	@if cmp -s $@.new $@; then rm $@.new; else mv $@.new $@; fi
FORCE:

$(B)/trivet.iso: $(B)/trivet.elf boot/grub.cfg test/iso.sh $(B)/epoch $(DEMO)
	$(call say,ISO,$@)
	$(Q)$(MKISO) $(MENU) $@ $< $(DEMO)

iso: deps-iso
	@$(SUB) $(B)/trivet.iso

run: deps-run
	@$(SUB) $(B)/trivet.elf $(DEMO)
	@B=$(B) OBJCOPY=$(OBJCOPY) GUEST='$(GUEST)' LINUX='$(LINUX)' LANE='$(LANE)' CMDLINE='$(CMDLINE)' MEMORY='$(MEMORY)' \
	    DEPS='$(DEPS)' MAKE='$(MAKE)' sh test/demo.sh
	@$(CONSOLE) --lane='$(LANE)' $(B)/run.iso

test: deps-test
	@python3 test/run.py -j$(JOBS) '$(CASE)'
test-long: deps-test
	@python3 test/run.py -j$(JOBS) --long '$(CASE)'
lint: deps-test
	@python3 test/run.py -j$(JOBS) lint/

include test/host.mk guests/guests.mk test/bench/bench.mk

# --- order ---------------------------------------------------------------------------------------
format:
	clang-format -i $$(git ls-files '*.c' '*.h')

clean:
	rm -rf $(B)

-include $(shell find $(B) -name '*.d' 2>/dev/null)
