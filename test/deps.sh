#!/bin/sh
# SPDX-License-Identifier: MIT
# Finds what a goal needs and is not here, says what it will install, and installs it.
#
#   sh test/deps.sh build|iso|run|linux|test|bench|bench-kvm|bench-compare
#
# DEPS=no refuses to install. LANE chooses what `run` wants; without it Bochs is enough. Something is missing when the program
# or file itself is, whatever the package that brings it; so nothing runs where all is there.
set -u

goal=${1:-build}
missing=    # the programs and files, for people
packages=   # what brings them on Debian and Ubuntu

need() { # need WHAT PACKAGE...: not found, so both are noted, once
    case " $missing " in *" $1 "*) return ;; esac
    missing="$missing $1"
    shift
    packages="$packages $*"
}

# `command -v` would find a function as well, so none here is named like a program.
program() { command -v "$1" >/dev/null 2>&1 || need "$@"; }

# file PACKAGE PATTERN...: one of the patterns must match a file.
file() {
    package=$1
    shift
    for pattern; do
        for found in $pattern; do
            [ -e "$found" ] && return
        done
    done
    need "$1" "$package"
}

for_build() {
    if [ "$(uname -m)" = x86_64 ]; then
        program gcc gcc
        program ld binutils
    else
        program x86_64-linux-gnu-gcc gcc-x86-64-linux-gnu
        program x86_64-linux-gnu-ld binutils-x86-64-linux-gnu
    fi
    program make make
    case ${CC:-gcc} in *clang*) program clang clang ;; esac
}

for_iso() {
    for_build
    program xorriso xorriso
    program mformat mtools
    program grub-mkimage grub-common
    file grub-pc-bin '/usr/lib/grub/i386-pc/moddep.lst'
    file grub-efi-amd64-bin '/usr/lib/grub/x86_64-efi/moddep.lst'
}

for_qemu() { program qemu-system-x86_64 qemu-system-x86; }

for_bochs() {
    program bochs bochs bochs-term
    file bochs-term '/usr/lib/*/bochs/plugins/libbx_term_gui.so'
    file bochsbios '/usr/share/bochs/BIOS-bochs-latest'
    file vgabios '/usr/share/bochs/VGABIOS-lgpl-latest'
}

# As best_lane in test/lane.py: QEMU, nested or not, else Bochs if that is what is here. Where
# neither is, QEMU is the one to install.
chosen_lane() {
    if ! command -v qemu-system-x86_64 >/dev/null 2>&1 && command -v bochs >/dev/null 2>&1; then
        echo vmx
    else
        echo svm
    fi
}

for_run() {
    for_iso
    program python3 python3
    case ${LANE:-$(chosen_lane)} in
    vmx) for_bochs ;;
    *) for_qemu ;;
    esac
}

# The fuzzers' runtime is a package a version of clang; `clang` is a link into that version's tree.
for_fuzzers() {
    program clang clang
    tree=$(readlink -f "$(command -v clang || echo /)")
    tree=${tree%/bin/*}
    for found in "$tree"/lib/clang/*/lib/linux/libclang_rt.fuzzer-*.a \
        "$tree"/lib/clang/*/lib/*/libclang_rt.fuzzer.a; do
        [ -e "$found" ] && return
    done
    need libclang_rt.fuzzer libclang-rt
}

# Packages are downloaded by apt and unpacked: elsewhere guests/linux/fetch.sh says what to do.
for_linux() {
    program cpio cpio
    program gzip gzip
}

# The VMM is a program of Linux's, linked statically.
for_bench_kvm() {
    LANE=vmx for_run
    for_linux
    if [ "$(uname -m)" = x86_64 ]; then
        file libc6-dev '/usr/lib/*/libc.a'
    else
        file libc6-dev-amd64-cross '/usr/x86_64-linux-gnu/lib/libc.a'
    fi
}

for_test() {
    for_run
    for_linux
    for_qemu
    for_bochs
    program iasl acpica-tools
    file ovmf '/usr/share/OVMF/OVMF_CODE_4M.fd' '/usr/share/OVMF/OVMF_CODE.fd'
    program gcc gcc # for the host's side, also where the kernel's compiler is a cross one
    file libc6-dev '/usr/include/stdlib.h'
    file libcmocka-dev '/usr/include/cmocka.h'
    file libzydis-dev '/usr/include/Zydis/Zydis.h'
    for_fuzzers
    program clang-format clang-format
}

case $goal in
build | iso | run | linux | test) "for_$goal" ;;
bench) LANE=${LANE:-vmx} && for_run ;;
bench-kvm) for_bench_kvm ;;
bench-compare) for_bench_kvm && program gnuplot gnuplot-nox ;;
*) echo "deps: no goal named '$goal': build, iso, run, linux, test, bench, bench-kvm, bench-compare" >&2 && exit 2 ;;
esac
[ -n "$missing" ] || exit 0

echo "Trivet: 'make $goal' needs what is not here:$missing"
if [ "${DEPS:-yes}" = no ]; then
    echo "Trivet: DEPS=no, so nothing is installed. On Debian or Ubuntu they come with:$packages"
    exit 1
fi
if ! command -v apt-get >/dev/null 2>&1; then
    echo "Trivet: this is neither Debian nor Ubuntu: please install them by this system's own means."
    echo "Trivet: their packages are usually named:$packages"
    exit 1
fi

as_root=
if [ "$(id -u)" != 0 ]; then
    as_root=sudo
    if ! command -v sudo >/dev/null 2>&1; then
        echo "Trivet: no root and no sudo here. As root, run: apt-get install --no-install-recommends$packages"
        exit 1
    fi
fi

# apt_get ARGUMENT...: no questions, patience with another apt that is at work, and its many lines
# only where it fails.
apt_get() {
    said=$($as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get -q -o DPkg::Lock::Timeout=300 "$@" </dev/null 2>&1) && return
    printf '%s\n' "$said" | tail -n 30
    return 1
}

known() { apt-cache show "$1" >/dev/null 2>&1; }

# The runtime's name has clang's version in it, and older releases keep it in another package.
name_clang_runtime() {
    version=$(apt-cache depends clang | sed -n 's/.*Depends: clang-\([0-9]*\)$/\1/p' | head -n 1)
    case $tree in */llvm-*) version=${tree##*/llvm-} ;; esac
    runtime=libclang-rt-$version-dev
    known "$runtime" || runtime=libclang-common-$version-dev
}

install_all() {
    for package in $packages; do
        [ "$package" = libclang-rt ] || known "$package" || return 1
    done
    case $packages in *libclang-rt*)
        name_clang_runtime
        packages=$(echo "$packages" | sed "s/libclang-rt\$\|libclang-rt /$runtime /")
        ;;
    esac
    echo "Trivet: installing, which may take a minute or two:$packages"
    # shellcheck disable=SC2086  # one word a package
    apt_get install -y --no-install-recommends $packages
}

install_all || { apt_get update && install_all; } || {
    echo "Trivet: installing failed; apt's words stand above. By hand: apt-get install$packages"
    exit 1
}
