/* SPDX-License-Identifier: MIT */
/*
 * The bench VMM: the first program of a Linux that does nothing else. Loads KVM, runs /guest.elf in
 * it, writes what the guest has said on the serial line and switches the machine off.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <termios.h>
#include <unistd.h>

#include "test/bench/kvm_machine.h"
#include "test/bench/kvm_ports.h"

#define QUIET_AFTER 5 /* seconds: what a booting Linux puts off is done, its clock is measured */

static no_return void end(unsigned status)
{
    printf("@trivet1 done status=%u\n", status);
    fflush(stdout);
    tcdrain(1);
    reboot(RB_POWER_OFF);
    for (;;)
        pause();
}

void fail(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    printf("kvm: ");
    vprintf(format, args);
    printf("\n");
    va_end(args);
    end(1);
}

/* From here on what is said goes to the serial line. */
static void begin(void)
{
    mkdir("/dev", 0755);
    if (mount("devtmpfs", "/dev", "devtmpfs", 0, NULL) && errno != EBUSY)
        end(1);
    int line = open("/dev/ttyS0", O_RDWR | O_NOCTTY);
    if (line < 0)
        end(1);
    dup2(line, 1);
}

static void insert(const char *path)
{
    int file = open(path, O_RDONLY | O_CLOEXEC);

    if (file < 0 || syscall(SYS_finit_module, file, "", 0))
        fail("%s cannot be loaded: error %d", path, errno);
    close(file);
}

static struct guest_image image(const char *path)
{
    int file = open(path, O_RDONLY | O_CLOEXEC);
    struct stat stat;

    if (file < 0 || fstat(file, &stat))
        fail("%s is not there", path);
    void *data = mmap(NULL, (size_t)stat.st_size, PROT_READ, MAP_PRIVATE, file, 0);
    if (data == MAP_FAILED)
        fail("%s cannot be read", path);
    return (struct guest_image){data, (u64)stat.st_size};
}

int main(void)
{
    static struct kvm_machine machine;
    struct utsname host;
    size_t size;

    begin();
    insert("/irqbypass.ko");
    insert("/kvm.ko");
    insert("/kvm-intel.ko");
    sleep(QUIET_AFTER);
    kvm_make(&machine);
    kvm_load(&machine, image("/guest.elf"));
    uname(&host);
    printf("@trivet1 bench host=\"%s %s\" khz=%lu\n", host.sysname, host.release, machine.khz);
    unsigned status = kvm_run(&machine);
    const char *text = ports_text(&size);
    fwrite(text, 1, size, stdout);
    end(status);
}
