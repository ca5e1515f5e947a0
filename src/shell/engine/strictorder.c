/* Makes an unmodified Suricata 7 or 8 evaluate signatures in the order AWS Network Firewall calls
 * strict. Upstream cannot be configured to: it sorts by action, flowbits, flowint, priority and
 * last by ascending sid. `FWC_ORDER` says what to take away:
 *
 *   file       every comparison but the last. The sid decides alone, so a file whose sids ascend
 *              is evaluated top to bottom.
 *   priority   only the comparison of actions. Flowbits and `priority` still sort: the other way
 *              in which "strict" could have been built, for asking whether a verdict depends on it.
 *
 * Two symbols of the engine are touched, both exported by Debian's 7.0.10 and 8.0.8, and not a
 * byte of detection code. Anything unexpected ends the process with status 97: an engine that
 * sorts its own way must never pass for one that does not.
 *
 * It says so when it is done, because a loader that cannot preload it goes on without it.
 *
 * Load it with the loader's `--preload`, which reaches this process and none of its children.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#if defined(__x86_64__)
static const uint8_t return_at_once[] = { 0xc3 };
#elif defined(__aarch64__)
static const uint8_t return_at_once[] = { 0xc0, 0x03, 0x5f, 0xd6 };
#else
#error "strictorder: write the return instruction of this architecture"
#endif

static void die(const char *what)
{
    fprintf(stderr, "strictorder: %s\n", what);
    _exit(97);
}

static void *engine_symbol(const char *name)
{
    void *symbol = dlsym(RTLD_DEFAULT, name);
    if (symbol == NULL)
        die("the engine does not export what this shim changes");
    return symbol;
}

/* No ordering function is registered at all; the merge sort's own tie-break, the sid, remains. */
static void order_by_sid(void)
{
    uint8_t *registers = engine_symbol("SCSigRegisterSignatureOrderingFuncs");
    uintptr_t page_size = (uintptr_t)sysconf(_SC_PAGESIZE);
    uintptr_t first = (uintptr_t)registers & ~(page_size - 1);
    uintptr_t last = ((uintptr_t)registers + sizeof return_at_once - 1) & ~(page_size - 1);
    size_t length = last - first + page_size;

    if (mprotect((void *)first, length, PROT_READ | PROT_WRITE) != 0)
        die("cannot make the engine's code writable");
    memcpy(registers, return_at_once, sizeof return_at_once);
    if (mprotect((void *)first, length, PROT_READ | PROT_EXEC) != 0)
        die("cannot make the engine's code executable again");
    __builtin___clear_cache((char *)registers, (char *)registers + sizeof return_at_once);
}

/* No action has the value 0x80, so every signature compares as "none of them". */
static void forget_actions(void)
{
    memset(engine_symbol("action_order_sigs"), 0x80, 4);
}

__attribute__((constructor)) static void strictorder(void)
{
    const char *order = getenv("FWC_ORDER");
    if (order == NULL)
        die("FWC_ORDER is not set");
    if (strcmp(order, "file") == 0)
        order_by_sid();
    else if (strcmp(order, "priority") == 0)
        forget_actions();
    else
        die("FWC_ORDER is neither `file` nor `priority`");
    fprintf(stderr, "strict order in force: %s\n", order);
}
