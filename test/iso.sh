#!/bin/sh
# SPDX-License-Identifier: MIT
# Makes a bootable image: CD, disk or USB stick, BIOS and (x86-64) UEFI, the same bytes each time.
#
#   sh test/iso.sh [--bios] [--cfg FILE [--timeout N] | --cmdline TEXT] OUT KERNEL [MODULE...]
#
# --bios      leaves the UEFI half out, for test cases that boot from a BIOS; and without --cfg GRUB is in pieces,
#             which takes an emulator half the time
# --cfg       GRUB's menu; --timeout replaces its own and keeps it off the serial line. Without it: no
#             menu, KERNEL with the words of --cmdline and every module
# MODULE      a path, or "path words": the file becomes /boot/NAME, its string "NAME words"
#
# grub-mkrescue would do, but is slow and stamps times and random numbers in; so the two GRUB core
# images are made once into $B/grub and each image is one run of xorriso.
set -euf
export LC_ALL=C TZ=UTC

B=${B:-build}
lib=${GRUB_LIB:-/usr/lib/grub}
cfg= timeout= cmdline= firmware='bios efi' core=bios
while :; do
    case ${1:-} in
    --bios) firmware=bios && shift ;;
    --cfg) cfg=$2 && shift 2 ;;
    --timeout) timeout=$2 && shift 2 ;;
    --cmdline) cmdline=$2 && shift 2 ;;
    *) break ;;
    esac
done
[ $# -ge 2 ] || { sed -n '3,13s/^# *//p' "$0" >&2 && exit 2; }
out=$1 kernel=$2
shift 2
[ "$firmware$cfg" != bios ] || { core=pieces && firmware=pieces; }

# The commit's date stands for the time; where there is no commit, the beginning of FAT's calendar.
epoch=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || echo 315532800)}
mkdir -p "$B/grub" "$(dirname "$out")"
tmp=$(mktemp -d "$B/grub/tmp.XXXXXX")
trap 'rm -rf "$tmp"' EXIT
trap 'exit 1' INT TERM HUP

common='iso9660 normal multiboot2 test echo sleep serial terminal halt reboot minicmd'

# GRUB for a BIOS: from the CD by El Torito, or from the same bytes on a disk by way of its MBR.
bios_core() {
    # shellcheck disable=SC2086  # one word a module
    grub-mkimage -O i386-pc-eltorito -d "$lib/i386-pc" -p /boot/grub -o "$tmp/core" biosdisk $common
    mv "$tmp/core" "$B/grub/bios.img"
}

# The same in pieces: a small core, and beside it the modules that a test needs. What is in the core is compressed, and
# in Bochs unpacking a whole one is most of a boot.
pieces_core() {
    awk -v wanted='normal multiboot2' '{ needs[$1] = $0 }
        END {
            last = split(wanted, queue)
            for (at = 1; at <= last; at++) {
                if (queue[at] in seen) continue
                print queue[at]; seen[queue[at]]
                n = split(needs[queue[at] ":"], word)
                for (i = 2; i <= n; i++) queue[++last] = word[i]
            }
        }' "$lib/i386-pc/moddep.lst" >"$tmp/modules"
    mv "$tmp/modules" "$B/grub/modules"
    grub-mkimage -O i386-pc-eltorito -d "$lib/i386-pc" -p /boot/grub -o "$tmp/core" biosdisk iso9660
    mv "$tmp/core" "$B/grub/pieces.img"
}

# GRUB for UEFI: a program in a small FAT image, which then looks for the disk with the marker file.
efi_core() {
    cat >"$tmp/early.cfg" <<'EOF'
search --no-floppy --file --set=root /boot/grub/trivet.id
set prefix=($root)/boot/grub
EOF
    mkdir -p "$tmp/fat/EFI/BOOT"
    # shellcheck disable=SC2086
    grub-mkimage -O x86_64-efi -d "$lib/x86_64-efi" -p /boot/grub -c "$tmp/early.cfg" \
        -o "$tmp/fat/EFI/BOOT/BOOTX64.EFI" \
        part_gpt part_msdos fat search search_fs_file efi_gop efi_uga $common
    find "$tmp/fat" -exec touch -d @315532800 {} +
    SOURCE_DATE_EPOCH=315532800 mformat -C -f 1440 -N 54524956 -i "$tmp/fat.img" ::
    SOURCE_DATE_EPOCH=315532800 mcopy -s -m -i "$tmp/fat.img" "$tmp/fat/EFI" ::
    mv "$tmp/fat.img" "$B/grub/efi.img"
}

for half in $firmware; do
    [ "$B/grub/$half.img" -nt "$0" ] || ${half}_core
done

# Each word goes through GRUB's quoting as it is.
quoted() {
    for word in $1; do
        printf " '%s'" "$(printf %s "$word" | sed "s/'/'\\\\''/g")"
    done
}

mkdir -p "$tmp/iso/boot/grub"
: >"$tmp/iso/boot/grub/trivet.id"
# Debug sections would be read from a slow CD and thrown away; Trivet's symbol table is inside.
"${OBJCOPY:-objcopy}" --strip-all "$kernel" "$tmp/iso/boot/trivet.elf"
menu=$tmp/iso/boot/grub/grub.cfg
if [ -n "$cfg" ]; then
    sed -e "${timeout:+s/^set timeout=.*/set timeout=$timeout/;/^if serial/,/^fi/d}" "$cfg" >"$menu"
else
    [ $core = bios ] || echo 'insmod multiboot2' >"$menu"
    echo "multiboot2 /boot/trivet.elf$(quoted "$cmdline")" >>"$menu"
fi
for module; do
    path=${module%% *}
    cp "$path" "$tmp/iso/boot/"
    words=${module#"$path"}
    [ -n "$cfg" ] ||
        echo "module2 /boot/${path##*/} '${path##*/}'$(quoted "$words")" >>"$menu"
done
if [ -z "$cfg" ]; then
    if [ $core = bios ]; then
        echo 'if [ "$grub_platform" = pc ]; then set gfxpayload=text; else set gfxpayload=auto; fi'
    else
        echo 'set gfxpayload=text'
    fi
    echo boot
fi >>"$menu"

cp "$B/grub/$core.img" "$tmp/iso/boot/grub/bios.img"
if [ $core = pieces ]; then
    mkdir "$tmp/iso/boot/grub/i386-pc"
    while read -r name; do
        cp "$lib/i386-pc/$name.mod" "$tmp/iso/boot/grub/i386-pc/"
    done <"$B/grub/modules"
fi
case $firmware in
*efi*)
    cp "$B/grub/efi.img" "$tmp/iso/boot/grub/efi.img"
    efi_options='--efi-boot boot/grub/efi.img -efi-boot-part --efi-boot-image --protective-msdos-label'
    ;;
esac
find "$tmp/iso" -exec touch -d "@$epoch" {} +

# shellcheck disable=SC2086
SOURCE_DATE_EPOCH=$epoch xorriso -as mkisofs -quiet -o "$tmp/out.iso" -r -V TRIVET \
    --modification-date="$(date -u -d "@$epoch" +%Y%m%d%H%M%S00)" \
    -b boot/grub/bios.img -no-emul-boot -boot-load-size 4 -boot-info-table \
    --grub2-boot-info --grub2-mbr "$lib/i386-pc/boot_hybrid.img" ${efi_options:-} \
    "$tmp/iso" 2>"$tmp/log" || { cat "$tmp/log" >&2 && exit 1; }
mv "$tmp/out.iso" "$out"
