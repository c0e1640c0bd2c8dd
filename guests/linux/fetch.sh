#!/bin/sh
# SPDX-License-Identifier: MIT
# A stock Linux as a guest: Debian's own kernel, and a small initramfs around its static busybox.
#
#   sh guests/linux/fetch.sh kernel cloud|generic build/linux/cloud/vmlinuz
#   sh guests/linux/fetch.sh initrd build/linux/initrd.img [PROGRAM...]
#   sh guests/linux/fetch.sh modules cloud build/linux/cloud/modules NAME...
#
# Packages are downloaded with apt and unpacked into the output's directory; nothing is installed,
# and it works without root. What is downloaded stays in deb/ beside the output.
set -eu

here=$(cd "$(dirname "$0")" && pwd)

# Nothing that is wrong here: the network, or what apt has to offer. Status 77, and for two minutes everybody
# who asks gets this answer at once.
skip() {
    [ -n "$known_reason" ] || echo "$*" >"$deb/unreachable"
    echo "linux: skipped: $*" >&2
    exit 77
}

fail() {
    echo "linux: $*" >&2
    exit 1
}

# Lists of packages of our own: where the system has none, or is of another architecture.
own_lists() {
    mkdir -p "$deb/apt/lists/partial" "$deb/apt/archives/partial"
    set -- -o "Dir::State=$deb/apt" -o "Dir::State::lists=$deb/apt/lists" -o "Dir::Cache=$deb/apt" \
        -o APT::Architecture=amd64 -o APT::Architectures::=amd64 -o APT::Sandbox::User=
    options="$* $patience"
    [ -z "$(find "$deb/apt/lists" -name '*_Packages*' -mmin -5)" ] || return 0
    echo "linux: fetching the lists of packages" >&2
    apt apt-get -qq -o APT::Update::Error-Mode=any update </dev/null >&2 ||
        skip "no kernel to boot: the lists of packages could not be fetched"
}

# apt COMMAND...: with the lists that know the package $1 of choose.
apt() {
    tool=$1
    shift
    # shellcheck disable=SC2086  # one word an option
    "$tool" $options "$@"
}

known() { apt apt-cache show "$1" >/dev/null 2>&1; }

find_lists() { # find_lists PACKAGE...: one of which must be known
    command -v apt-get >/dev/null 2>&1 && command -v dpkg-deb >/dev/null 2>&1 ||
        skip "no kernel to boot: it comes by apt-get and dpkg-deb; or put a vmlinuz into ${output%/*} yourself"
    options="-o APT::Sandbox::User= $patience"
    if [ "$(dpkg --print-architecture)" = amd64 ] && first_known "$@" >/dev/null; then
        return
    fi
    own_lists
    first_known "$@" >/dev/null || skip "no kernel to boot: apt knows none of: $*"
}

first_known() {
    for package; do
        known "$package" && echo "$package" && return
    done
    return 1
}

# get PACKAGE: its file, from deb/ or from the network; false if neither has it.
get() {
    stamp=$(apt apt-cache show "$1" | sed -n 's/^Version: //p' | head -n 1 | sed 's/:/%3a/')
    file=$deb/${1}_${stamp}_amd64.deb
    [ -e "$file" ] && return
    echo "linux: fetching $1 $stamp" >&2
    (cd "$deb" && apt apt-get -qq download "$1") </dev/null >&2 && [ -e "$file" ]
}

# download PACKAGE: the file's name on standard output. Old lists may name what is there no longer.
download() {
    get "$1" || { own_lists && get "$1"; } || skip "no kernel to boot: $1 could not be fetched"
    echo "$file"
}

# The package without a version depends on the one that has the kernel in it. Ubuntu's names stand
# behind Debian's. Sets $real and $file, and makes an empty $tree.
find_kernel() { # find_kernel KIND
    case $1 in
    cloud) names="linux-image-cloud-amd64 linux-image-virtual" ;;
    generic) names="linux-image-amd64 linux-image-generic" ;;
    *) fail "no kernel named '$1': cloud, generic" ;;
    esac
    # shellcheck disable=SC2086
    find_lists $names
    # shellcheck disable=SC2086
    meta=$(first_known $names)
    real=$(apt apt-cache depends "$meta" | sed -n 's/.*Depends: \(linux-image-[0-9].*\)$/\1/p' | head -n 1)
    [ -n "$real" ] || fail "$meta depends on no kernel"
    file=$(download "$real")
    tree=$(mktemp -d "$deb/unpack.XXXXXX")
}

fetch_kernel() { # fetch_kernel KIND OUTPUT
    find_kernel "$1"
    dpkg-deb --fsys-tarfile "$file" | tar -x -C "$tree" --wildcards './boot/vmlinuz-*' './boot/config-*'
    mv "$tree"/boot/config-* "${2%/*}/config"
    mv "$tree"/boot/vmlinuz-* "$2" && touch "$2" # not older than this script
    echo "linux: $2 is $real"
}

# The kernel's own, unpacked if they are packed; their directories fall away.
fetch_modules() { # fetch_modules KIND OUTPUT NAME...
    find_kernel "$1"
    output=$2
    shift 2
    dpkg-deb --fsys-tarfile "$file" | tar -x -C "$tree" --wildcards '*/modules/*.ko*'
    mkdir -p "$output"
    for name; do
        found=$(find "$tree" -name "$name.ko*")
        case $found in
        *.ko) cp "$found" "$output/" ;;
        *.ko.xz) xz -dc "$found" >"$output/$name.ko" ;;
        *.ko.zst) zstd -qdc "$found" >"$output/$name.ko" ;;
        *) fail "$real has no module $name" ;;
        esac
    done
    touch "$output"
    echo "linux: $output has $* of $real"
}

# The same files give the same bytes: sorted, of nobody's, of no time.
make_initrd() { # make_initrd OUTPUT [PROGRAM...]
    image=$1
    shift
    find_lists busybox-static
    file=$(download busybox-static)
    tree=$(mktemp -d "$deb/unpack.XXXXXX")
    mkdir -p "$tree/root/bin"
    dpkg-deb -x "$file" "$tree/busybox"
    cp "$tree"/busybox/*bin/busybox "$tree"/busybox/usr/bin/busybox "$tree/root/bin/" 2>/dev/null || true
    [ -x "$tree/root/bin/busybox" ] || fail "no busybox in $file"
    cp "$here/init" "$tree/root/init"
    cp "$here/checks" "$@" "$tree/root/bin/"
    chmod 755 "$tree/root/init" "$tree/root/bin" "$tree/root/bin"/*
    find "$tree/root" -exec touch -h -d @0 {} +
    (cd "$tree/root" && find . | LC_ALL=C sort | cpio --quiet --reproducible -R 0:0 -o -H newc) | gzip -n -9 >"$image"
    echo "linux: $image is made"
}

umask 022
tree=
trap '[ -z "$tree" ] || rm -rf "$tree"' EXIT
case ${1:-} in
kernel | modules) output=$3 deb=/../deb ;;
initrd) output=$2 deb=/deb ;;
*) fail "kernel, initrd or modules?" ;;
esac
mkdir -p "$(dirname "$output")"
mkdir -p "$(dirname "$output")$deb"
deb=$(cd "$(dirname "$output")$deb" && pwd)
patience="-o Acquire::http::Timeout=15 -o Acquire::https::Timeout=15 -o Acquire::Retries=1"
exec 9>"$deb/lock"
! command -v flock >/dev/null 2>&1 || flock 9 # one apt at a time
known_reason=$(find "$deb/unreachable" -mmin -2 -exec cat {} + 2>/dev/null) || :
[ -z "$known_reason" ] || skip "$known_reason"
case $1 in
kernel) fetch_kernel "$2" "$3" ;;
initrd) shift && make_initrd "$@" ;;
modules) shift && fetch_modules "$@" ;;
esac
rm -f "$deb/unreachable"
