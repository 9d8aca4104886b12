/* A stand-in for libnvidia-ml.so.1 that answers from the text file named by FAKE_NVML, or by CUDA_FAKE_NVML, which a
 * supervisor hands on. Ours, for the tests only.
 *
 * Lines are `key value`. Before the first `gpu`: driver, cuda, init (an error number).
 * `gpu` and `mig` begin a device; then: name, uuid, bus, total, used, reserved (bytes), cc MAJOR.MINOR, migmode 0|1,
 * power LIMIT,DEFAULT (milliwatts),
 * nvlink I,J,… and p2p I,J,… (peers), path LEVEL, ecc 0|1, process PID:BYTES (BYTES -1: not told), fail FUNCTION=NUMBER, ledger FILE (lines `PID BYTES`:
 * what living processes hold, counted as used).
 * The numbers and struct layouts are those of nvml.h as pynvml 13 declares them.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { OK = 0, UNINITIALIZED = 1, INVALID = 2, NOT_SUPPORTED = 3, NOT_FOUND = 6, TOO_SMALL = 7, NO_DRIVER = 9 };
typedef unsigned int u32;
typedef unsigned long long u64;
typedef struct { u32 pid; u64 memory; u32 gpu_instance, compute_instance; } Process;
typedef struct Device Device;
struct Device {
    char name[96], uuid[96], bus[32], fail[256], peers[64], readers[64];
    u64 total, used, reserved;
    int index, major, minor, ecc, path, power, power_default, mig_mode, slices, processes, fail_number;
    Process process[64];
    Device *slice[7];
};
static Device gpus[16];
static int count, ready, init_error, cuda = 13000;
static char driver[80] = "580.95.05";

static Device *fresh(Device *device, int index, const char *prefix, int parent) {
    memset(device, 0, sizeof *device);
    device->index = index;
    device->mig_mode = device->ecc = device->path = -1;
    snprintf(device->uuid, sizeof device->uuid, "%s-%08x-0000-0000-0000-%012x", prefix, parent, index);
    snprintf(device->bus, sizeof device->bus, "00000000:%02X:00.0", parent + 1);
    return device;
}

static int lives(u32 pid) {
    char path[64], state = 'Z', text[512];
    snprintf(path, sizeof path, "/proc/%u/stat", pid);
    FILE *file = fopen(path, "r");
    if (!file) return 0;
    size_t length = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    text[length] = 0;
    char *end = strrchr(text, ')');
    if (end) sscanf(end + 1, " %c", &state);
    return state != 'Z' && state != 'X';
}

static void read_ledger(Device *d, const char *path) {
    FILE *file = fopen(path, "r");
    u32 pid;
    long long bytes;
    while (file && fscanf(file, "%u %lld", &pid, &bytes) == 2) {
        if (!lives(pid) || d->processes == 64) continue;
        Process *p = &d->process[d->processes++];
        *p = (Process){pid, (u64)bytes, ~0u, ~0u};
        d->used += (u64)bytes;
    }
    if (file) fclose(file);
}

static void set(Device *d, const char *key, const char *value) {
    if (!strcmp(key, "name")) snprintf(d->name, sizeof d->name, "%s", value);
    if (!strcmp(key, "uuid")) snprintf(d->uuid, sizeof d->uuid, "%s", value);
    if (!strcmp(key, "bus")) snprintf(d->bus, sizeof d->bus, "%s", value);
    if (!strcmp(key, "total")) d->total = strtoull(value, 0, 10);
    if (!strcmp(key, "used")) d->used = strtoull(value, 0, 10);
    if (!strcmp(key, "reserved")) d->reserved = strtoull(value, 0, 10);
    if (!strcmp(key, "cc")) sscanf(value, "%d.%d", &d->major, &d->minor);
    if (!strcmp(key, "migmode")) d->mig_mode = atoi(value);
    if (!strcmp(key, "nvlink")) snprintf(d->peers, sizeof d->peers, ",%s,", value);
    if (!strcmp(key, "p2p")) snprintf(d->readers, sizeof d->readers, ",%s,", value);
    if (!strcmp(key, "path")) d->path = atoi(value);
    if (!strcmp(key, "power")) sscanf(value, "%d,%d", &d->power, &d->power_default);
    if (!strcmp(key, "ecc")) d->ecc = atoi(value);
    if (!strcmp(key, "fail")) sscanf(value, "%255[^=]=%d", d->fail, &d->fail_number);
    if (!strcmp(key, "ledger")) read_ledger(d, value);
    if (!strcmp(key, "process") && d->processes < 64) {
        Process *p = &d->process[d->processes++];
        long long memory = -1;
        sscanf(value, "%u:%lld", &p->pid, &memory);
        p->memory = (u64)memory;
        p->gpu_instance = p->compute_instance = ~0u;
    }
}

static int load(void) {
    const char *path = getenv("FAKE_NVML") ? getenv("FAKE_NVML") : getenv("CUDA_FAKE_NVML");
    FILE *file = path ? fopen(path, "r") : NULL;
    char line[512];
    Device *device = NULL;
    if (!file) return NO_DRIVER;
    count = 0;
    while (fgets(line, sizeof line, file)) {
        line[strcspn(line, "\n")] = 0;
        char *value = strchr(line, ' ');
        if (value) *value++ = 0; else value = line + strlen(line);
        if (!strcmp(line, "gpu")) { device = fresh(&gpus[count], count, "GPU", count); count++; }
        else if (!strcmp(line, "mig")) {
            Device *parent = &gpus[count - 1];
            device = fresh(malloc(sizeof *device), parent->slices, "MIG", count - 1);
            parent->slice[parent->slices++] = device;
        }
        else if (!strcmp(line, "driver")) snprintf(driver, sizeof driver, "%s", value);
        else if (!strcmp(line, "cuda")) cuda = atoi(value);
        else if (!strcmp(line, "init")) init_error = atoi(value);
        else if (device) set(device, line, value);
    }
    fclose(file);
    return init_error;
}

static int check(const Device *d, const char *function) {
    if (!ready) return UNINITIALIZED;
    if (!d) return INVALID;
    return strcmp(d->fail, function) ? OK : d->fail_number;
}
#define CHECK(d) do { int e_ = check(d, __func__); if (e_) return e_; } while (0)
static int text(char *out, u32 size, const char *value) {
    if (strlen(value) + 1 > size) return TOO_SMALL;
    strcpy(out, value);
    return OK;
}

int nvmlInitWithFlags(u32 flags) { (void)flags; int e = load(); ready = e == OK; return e; }
int nvmlInit_v2(void) { return nvmlInitWithFlags(0); }
int nvmlShutdown(void) { ready = 0; return OK; }
const char *nvmlErrorString(int number) {
    switch (number) {
    case NOT_SUPPORTED: return "Not Supported";
    case NO_DRIVER: return "Driver Not Loaded";
    case 15: return "GPU is lost";
    case 18: return "Driver/library version mismatch";
    default: return "Unknown Error";
    }
}
int nvmlSystemGetDriverVersion(char *out, u32 size) { return text(out, size, driver); }
int nvmlSystemGetCudaDriverVersion_v2(int *out) { *out = cuda; return OK; }
int nvmlDeviceGetCount_v2(u32 *out) { *out = (u32)count; return OK; }
int nvmlDeviceGetHandleByIndex_v2(u32 index, Device **out) {
    if ((int)index >= count) return INVALID;
    CHECK(&gpus[index]);
    *out = &gpus[index];
    return OK;
}
int nvmlDeviceGetName(Device *d, char *out, u32 size) { CHECK(d); return text(out, size, d->name); }
int nvmlDeviceGetUUID(Device *d, char *out, u32 size) { CHECK(d); return text(out, size, d->uuid); }
int nvmlDeviceGetCudaComputeCapability(Device *d, int *major, int *minor) {
    CHECK(d);
    *major = d->major;
    *minor = d->minor;
    return OK;
}
typedef struct { u64 total, free, used; } Memory;
typedef struct { u32 version; u64 total, reserved, free, used; } MemoryV2;
int nvmlDeviceGetMemoryInfo(Device *d, Memory *m) {
    CHECK(d);
    if (!d->total) return NOT_SUPPORTED;
    m->total = d->total;
    m->used = d->used + d->reserved;
    m->free = d->total - m->used;
    return OK;
}
int nvmlDeviceGetMemoryInfo_v2(Device *d, MemoryV2 *m) {
    CHECK(d);
    if (!d->total) return NOT_SUPPORTED;
    if (m->version != (sizeof *m | 2u << 24)) return 25;
    m->total = d->total;
    m->reserved = d->reserved;
    m->used = d->used;
    m->free = d->total - d->used - d->reserved;
    return OK;
}
int nvmlDeviceGetComputeRunningProcesses_v3(Device *d, u32 *number, Process *out) {
    CHECK(d);
    u32 room = *number;
    *number = (u32)d->processes;
    if (room < (u32)d->processes) return TOO_SMALL;
    memcpy(out, d->process, sizeof(Process) * (size_t)d->processes);
    return OK;
}
int nvmlDeviceGetMigMode(Device *d, u32 *current, u32 *pending) {
    CHECK(d);
    if (d->mig_mode < 0) return NOT_SUPPORTED;
    *current = *pending = (u32)d->mig_mode;
    return OK;
}
int nvmlDeviceGetMaxMigDeviceCount(Device *d, u32 *out) { CHECK(d); *out = 7; return OK; }
int nvmlDeviceGetMigDeviceHandleByIndex(Device *d, u32 index, Device **out) {
    CHECK(d);
    if ((int)index >= d->slices) return NOT_FOUND;
    *out = d->slice[index];
    return OK;
}
typedef struct { char legacy[16]; u32 domain, bus, device, id, subsystem; char bus_id[32]; } Pci;
int nvmlDeviceGetPciInfo_v3(Device *d, Pci *out) {
    CHECK(d);
    memset(out, 0, sizeof *out);
    snprintf(out->bus_id, sizeof out->bus_id, "%s", d->bus);
    return OK;
}
int nvmlDeviceGetEccMode(Device *d, u32 *current, u32 *pending) {
    CHECK(d);
    if (d->ecc < 0) return NOT_SUPPORTED;
    *current = *pending = (u32)d->ecc;
    return OK;
}
int nvmlDeviceGetEnforcedPowerLimit(Device *d, u32 *out) {
    CHECK(d);
    if (!d->power) return NOT_SUPPORTED;
    *out = (u32)d->power;
    return OK;
}
int nvmlDeviceGetPowerManagementDefaultLimit(Device *d, u32 *out) {
    CHECK(d);
    if (!d->power_default) return NOT_SUPPORTED;
    *out = (u32)d->power_default;
    return OK;
}
int nvmlDeviceGetTopologyCommonAncestor(Device *a, Device *b, u32 *out) {
    CHECK(a);
    (void)b;
    if (a->path < 0) return NOT_SUPPORTED;
    *out = (u32)a->path;
    return OK;
}
int nvmlDeviceGetP2PStatus(Device *a, Device *b, u32 what, u32 *out) {
    CHECK(a);
    char peer[16];
    const char *peers = what == 2 ? a->peers : a->readers;
    snprintf(peer, sizeof peer, ",%d,", b->index);
    /* what: 0 reading, 2 over NVLink; 0: yes, 1: not supported by the chipset, 6: unknown */
    *out = strstr(peers, peer) ? 0 : what == 0 && *peers ? 1 : 6;
    return OK;
}
