# SPDX-License-Identifier: MIT
# --- the price lists: Trivet's, and that of Linux's KVM in the same emulator (docs/performance.md) -------------------
BENCH = B=$(B) OBJCOPY=$(OBJCOPY) python3 test/bench/bench.py
BENCH_NEEDS := $(addprefix $(B)/,trivet.elf guests/tiny/bench.elf guests/tiny/hello.elf)

# The init that measures within it, and an initramfs with that: BENCH_LINUX=no leaves this Linux out of the benches.
BENCH_LINUX := yes
BENCH_WORDS := $(if $(filter no,$(BENCH_LINUX)),--no-linux)
$(B)/linux/bench: guests/linux/bench.c lib/types.h Makefile
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(KCC) $(LANG_FLAGS) $(WARN_FLAGS) $(TINY_FLAGS) -nostdlib -static -Wl,-Ttext-segment=0x10000000,--build-id=none,-z,noexecstack $< -o $@

$(B)/linux/bench.img: guests/linux/fetch.sh $(addprefix guests/linux/,init checks) $(B)/linux/bench
	$(Q)sh guests/linux/fetch.sh initrd $@ $(B)/linux/bench

# The price list under Linux's KVM: a VMM of our own is the only program of a Debian kernel.
KVM_VMM := $(wildcard test/bench/kvm_*.c guests/load_*.c guests/acpi*.c drivers/emu/uart*.c drivers/emu/rtc*.c) \
            $(addprefix drivers/emu/,debug_exit.c fw_cfg.c i8042.c pci.c pm.c reset.c) \
            $(addprefix guests/,firmware.c mptable.c smbios.c) core/io_bus.c lib/calendar.c lib/fmt.c lib/string.c
KVM_MODULES := irqbypass kvm kvm-intel
$(B)/linux/%/modules: guests/linux/fetch.sh | $(B)/linux/%/vmlinuz
	$(Q)sh guests/linux/fetch.sh modules $* $@ $(KVM_MODULES)

$(B)/bench/vmm: $(KVM_VMM) $(wildcard test/bench/*.h guests/load*.h) Makefile
	$(call say,HOSTCC,$@)
	@mkdir -p $(@D)
	$(Q)$(KCC) $(LANG_FLAGS) $(WARN_FLAGS) -DHOST=1 -D_GNU_SOURCE -O2 -static -pthread -Wl,-Ttext-segment=0x70000000 $(KVM_VMM) -o $@

# One image a guest: list, two, shared.
KVM_PARTS := $(addprefix $(B)/,linux/cloud/vmlinuz linux/cloud/modules bench/vmm)
KVM_TINY  := $(patsubst %,$(B)/bench/kvm-%.iso,list two shared)
$(KVM_TINY): $(B)/bench/kvm-%.iso: test/bench/kvm_image.sh $(KVM_PARTS) $(B)/guests/tiny/bench.elf
	$(call say,ISO,$@)
	$(Q)sh test/bench/kvm_image.sh $@ $* $(KVM_PARTS) $(B)/guests/tiny/bench.elf

ifneq ($(BENCH_LINUX),no)
KVM_LINUX := $(B)/bench/kvm-linux.iso
endif
LINUX_PARTS := $(addprefix $(B)/linux/,cloud/vmlinuz bench.img)
$(B)/bench/kvm-linux.iso: test/bench/kvm_image.sh test/bench/linux_boot.py $(KVM_PARTS) $(LINUX_PARTS)
	$(call say,ISO,$@)
	$(Q)sh test/bench/kvm_image.sh $@ "linux $$(python3 test/bench/linux_boot.py --words)" $(KVM_PARTS) $(LINUX_PARTS)

bench: deps-bench
	@$(SUB) $(BENCH_NEEDS)
ifeq ($(BENCH_LINUX)$(filter-out vmx,$(LANE)),yes)
	@DEPS='$(DEPS)' sh test/deps.sh linux && $(SUB) $(LINUX_PARTS) || echo 'Trivet: no boot of Linux is measured'
endif
	@$(BENCH) --lines $(or $(BENCH_WORDS),--linux) --lane $(or $(LANE),vmx)

bench-kvm: deps-bench-kvm
	@$(SUB) $(KVM_TINY) $(KVM_LINUX)
	@B=$(B) python3 test/bench/kvm.py --lines $(BENCH_WORDS)

# Measures only what has changed since: a table each, then both side by side.
bench-compare: deps-bench-compare
	@$(SUB) $(B)/bench/trivet.txt $(B)/bench/kvm.txt
	@B=$(B) python3 test/bench/compare.py

$(B)/bench/trivet.txt: $(BENCH_NEEDS) $(if $(KVM_LINUX),$(LINUX_PARTS)) test/bench/bench.py
	$(call say,BENCH,$@)
	$(Q)$(BENCH) $(or $(BENCH_WORDS),--linux) >/dev/null

$(B)/bench/kvm.txt: $(KVM_TINY) $(KVM_LINUX) test/bench/kvm.py
	$(call say,BENCH,$@)
	$(Q)B=$(B) python3 test/bench/kvm.py $(BENCH_WORDS) >/dev/null
