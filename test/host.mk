# SPDX-License-Identifier: MIT
# --- the host: unit tests and fuzzers --------------------------------------------------------------
UNIT_FLAGS = $(LANG_FLAGS) $(WARN_FLAGS) $(HOST_FLAGS) -fsanitize=address,undefined
FUZZ_FLAGS = $(LANG_FLAGS) $(WARN_FLAGS) $(HOST_FLAGS) -fsanitize=fuzzer-no-link,address,undefined

$(B)/host/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(call say,HOSTCC,$<)
	$(Q)$(HOSTCC) $(UNIT_FLAGS) -MMD -MP -c $< -o $@

$(B)/host/pure.a: $(PURE:%.c=$(B)/host/%.o)
	$(Q)rm -f $@; ar rcs $@ $^

$(B)/unit/%: test/unit/%.c $(B)/host/pure.a
	@mkdir -p $(@D)
	$(call say,UNIT,$<)
	$(Q)$(HOSTCC) $(UNIT_FLAGS) -MMD -MP -MF $@.d $< $(B)/host/pure.a -lcmocka -o $@

$(B)/fuzzobj/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(call say,FUZZCC,$<)
	$(Q)$(FUZZCC) $(FUZZ_FLAGS) -MMD -MP -c $< -o $@

$(B)/fuzzobj/pure.a: $(PURE:%.c=$(B)/fuzzobj/%.o)
	$(Q)rm -f $@; ar rcs $@ $^

$(B)/fuzz/%: test/fuzz/%.c $(B)/fuzzobj/pure.a
	@mkdir -p $(@D)
	$(call say,FUZZ,$<)
	$(Q)$(FUZZCC) $(FUZZ_FLAGS) -fsanitize=fuzzer -MMD -MP -MF $@.d $< $(B)/fuzzobj/pure.a $(FUZZ_LIBS) -o $@

# The decoder against Zydis (libzydis-dev): a fuzzer, and a program that repeats itself by its seed.
$(B)/fuzz/fuzz_decode: FUZZ_LIBS := -lZydis
DECODER := $(filter arch/x86/decode%.c arch/x86/alu.c arch/x86/guest_cpu.c arch/x86/mmio_%.c,$(PURE))
$(B)/fuzz/decode_compare: test/fuzz/decode_compare.c $(DECODER) $(wildcard arch/x86/*.h test/fuzz/*.h)
	@mkdir -p $(@D)
	$(call say,HOSTCC,$<)
	$(Q)$(HOSTCC) $(LANG_FLAGS) $(WARN_FLAGS) -DHOST=1 -O2 $< $(DECODER) -lZydis -o $@

units: $(UNITS)
	$(Q)set -e; for t in $(UNITS); do $$t; done

fuzz: $(FUZZES)
