# SPDX-License-Identifier: MIT
# --- tiny guests: one ELF (or boot sector) each, build/guests/tiny/NAME --------------------------------
TINY_FLAGS := -DHOST=0 -O1 -ffreestanding -fno-pic -fno-pie -mno-red-zone -mgeneral-regs-only -fno-stack-protector \
              -fno-asynchronous-unwind-tables -fcf-protection=none
TINY_LINK  := -nostdlib -static -Wl,-z,max-page-size=0x1000,-z,noexecstack,--build-id=none \
              -T guests/tiny/tiny.ld
TINY_RT    := $(patsubst %,$(B)/tiny/%.o,$(sort $(wildcard guests/tiny/rt/*.[cS])) lib/fmt.c lib/string.c)
TINY_ELFS  := $(patsubst %.c,$(B)/%.elf,$(wildcard guests/tiny/*.c))
TINY_FLATS := $(patsubst %.S,$(B)/%.bin,$(wildcard guests/tiny/flat_*.S))
.PHONY: tiny
.SECONDARY: $(TINY_RT)
tiny: $(TINY_ELFS) $(TINY_FLATS)

$(B)/tiny/%.o: % Makefile
	@mkdir -p $(@D)
	$(Q)$(KCC) $(LANG_FLAGS) $(WARN_FLAGS) $(TINY_FLAGS) -MMD -MP -c $< -o $@

# The price list is more than one file.
$(B)/guests/tiny/bench.elf: $(patsubst %,$(B)/tiny/%.o,$(sort $(wildcard guests/tiny/bench/*.c)))

$(B)/guests/tiny/%.elf: guests/tiny/%.c $(TINY_RT) guests/tiny/tiny.ld Makefile
	$(call say,TINY,$<)
	@mkdir -p $(@D)
	$(Q)$(KCC) $(LANG_FLAGS) $(WARN_FLAGS) $(TINY_FLAGS) -MMD -MP -MF $(@:.elf=.d) -MT $@ $< $(filter %.o,$^) $(TINY_LINK) -o $@

$(B)/guests/tiny/flat_%.bin: guests/tiny/flat_%.S Makefile
	$(call say,TINY,$<)
	@mkdir -p $(@D)
	$(Q)$(KCC) -c $< -o $(@:.bin=.o)
	$(Q)$(LD) -Ttext=0x7c00 --oformat=binary -e start $(@:.bin=.o) -o $@

# --- Linux as a guest: Debian's own kernel (LINUX=cloud, or generic) and a small initramfs -------------
LINUX := cloud
.PHONY: linux
linux: deps-linux
	@$(SUB) $(B)/linux/$(LINUX)/vmlinuz $(B)/linux/initrd.img

$(B)/linux/%/vmlinuz: guests/linux/fetch.sh
	$(Q)sh guests/linux/fetch.sh kernel $* $@

$(B)/linux/initrd.img: $(addprefix guests/linux/,fetch.sh init checks)
	$(Q)sh guests/linux/fetch.sh initrd $@
