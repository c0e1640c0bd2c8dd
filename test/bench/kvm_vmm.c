/* SPDX-License-Identifier: MIT */
/*
 * The bench VMM: the first program of a Linux that does nothing else. Loads KVM, runs the guest
 * that /words names, writes what that has said on the serial line and switches the machine off.
 *
 *   list, two, shared   /bench.elf with that word, one vCPU or two
 *   linux WORDS...      /vmlinuz with /bench.img and these words
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "test/bench/kvm_machine.h"

/* Seconds: what a booting Linux puts off is done, its clock is measured. */
#define QUIET_AFTER      5
#define QUIET_AFTER_SPUN 1

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

/* With more than one core, Bochs needs as long for a tick in which all halt as for one that works.
 */
static void settle(void)
{
    struct timespec start, now;

    if (sysconf(_SC_NPROCESSORS_ONLN) == 1) {
        sleep(QUIET_AFTER);
        return;
    }
    clock_gettime(CLOCK_MONOTONIC, &start);
    do
        clock_gettime(CLOCK_MONOTONIC, &now);
    while (now.tv_sec < start.tv_sec + QUIET_AFTER_SPUN);
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

static void tiny_guest(struct kvm_machine *m, const char *word)
{
    struct guest_image none = {NULL, 0};

    m->ranges = true;
    m->size = 128 * MiB;
    m->cpus = strcmp(word, "list") ? 2 : 1;
    m->devices = &tiny_devices;
    kvm_make(m);
    kvm_load(m, image("/bench.elf"), none, word);
}

static void linux_guest(struct kvm_machine *m, const char *words)
{
    m->size = 256 * MiB;
    m->cpus = 1;
    kvm_make(m);
    m->devices = pc_devices(m->vm, m->size);
    kvm_load(m, image("/vmlinuz"), image("/bench.img"), words);
}

/* The file's line, terminated. */
static const char *line_of(const char *path)
{
    static char line[1024];
    struct guest_image file = image(path);

    memcpy(line, file.data, min_u64(file.size, sizeof line - 1));
    line[strcspn(line, "\n")] = 0;
    return line;
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
    settle();
    const char *words = line_of("/words");
    if (strncmp(words, "linux ", 6) == 0)
        linux_guest(&machine, words + 6);
    else
        tiny_guest(&machine, words);
    uname(&host);
    printf("@trivet1 bench host=\"%s %s\" khz=%lu\n", host.sysname, host.release, machine.khz);
    kvm_run(&machine);
    const char *text = said_text(&size);
    fwrite(text, 1, size, stdout);
    end(ended_status());
}
