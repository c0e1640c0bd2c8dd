#!/bin/sh
# SPDX-License-Identifier: MIT
# Makes the CD of `make bench-kvm`: GRUB, Debian's kernel, and an initramfs of the bench VMM
# (test/bench/kvm_vmm.c), KVM's modules, the guest's FILEs and WORDS, which say which guest it is.
#
#   sh test/bench/kvm_image.sh OUT WORDS VMLINUZ MODULES VMM FILE...
set -euf
export LC_ALL=C TZ=UTC

out=$1 guest=$2 kernel=$3 modules=$4 vmm=$5
shift 5
tmp=$(mktemp -d "${out%/*}/tmp.XXXXXX")
trap 'rm -rf "$tmp"' EXIT

# KVM near its fastest: no mitigations, no watchdog, and nothing that is random.
words='console=ttyS0,115200 quiet mitigations=off nokaslr norandmaps nowatchdog audit=0 cryptomgr.notests'

mkdir -p "$tmp/root/dev" "$tmp/iso/boot"
for name in irqbypass kvm kvm-intel; do
    cp "$modules/$name.ko" "$tmp/root/"
done
cp "$vmm" "$tmp/root/init"
cp "$@" "$tmp/root/"
echo "$guest" >"$tmp/root/words"
find "$tmp/root" -exec touch -h -d @0 {} +
(cd "$tmp/root" && find . | sort | cpio --quiet --reproducible -R 0:0 -o -H newc) >"$tmp/iso/boot/initrd"
cp "$kernel" "$tmp/iso/boot/vmlinuz"

cat >"$tmp/grub.cfg" <<CFG
linux (cd)/boot/vmlinuz $words
initrd (cd)/boot/initrd
boot
CFG
grub-mkimage -O i386-pc-eltorito -d "${GRUB_LIB:-/usr/lib/grub}/i386-pc" -p / -c "$tmp/grub.cfg" \
    -o "$tmp/iso/boot/grub.img" biosdisk iso9660 linux boot
find "$tmp/iso" -exec touch -d @0 {} +
SOURCE_DATE_EPOCH=315532800 xorriso -as mkisofs -quiet -o "$tmp/out.iso" -r -V TRIVETKVM \
    -b boot/grub.img -no-emul-boot -boot-load-size 4 -boot-info-table "$tmp/iso" 2>"$tmp/log" ||
    { cat "$tmp/log" >&2 && exit 1; }
mv "$tmp/out.iso" "$out"
