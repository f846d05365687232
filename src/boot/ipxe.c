#include "boot/ipxe.h"

#include "boot/architecture.h"

#include <assert.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define BIOS        0
#define X86_UEFI    6
#define X64_UEFI    7
#define EBC         9 /* which x64 firmware calls itself, too */
#define ARM32_UEFI  10
#define ARM64_UEFI  11
#define RISCV64     27
#define LOONGARCH64 39

/* Those first that use the firmware's own driver: it is there for every network card that boots. */
static const struct {
	const char *name;
	uint16_t architecture;
} loaders[] = {
	{ IPXE_PREFIX "undionly.kpxe", BIOS },
	{ IPXE_PREFIX "ipxe.pxe", BIOS },
	{ IPXE_PREFIX "snponly.efi", X64_UEFI },
	{ IPXE_PREFIX "ipxe.efi", X64_UEFI },
	{ IPXE_PREFIX "snponly-i386.efi", X86_UEFI },
	{ IPXE_PREFIX "ipxe-i386.efi", X86_UEFI },
	{ IPXE_PREFIX "snponly-arm64.efi", ARM64_UEFI },
	{ IPXE_PREFIX "ipxe-arm64.efi", ARM64_UEFI },
	{ IPXE_PREFIX "arm64-efi/snponly.efi", ARM64_UEFI },
	{ IPXE_PREFIX "snponly-arm32.efi", ARM32_UEFI },
	{ IPXE_PREFIX "snponly-riscv64.efi", RISCV64 },
	{ IPXE_PREFIX "snponly-loong64.efi", LOONGARCH64 },
};

static_assert(COUNT(loaders) <= CONFIG_IPXE_LOADERS_MAX, "a flag for each");

const char *ipxe_loader_at(size_t index)
{
	return index < COUNT(loaders) ? loaders[index].name : NULL;
}

const char *ipxe_loader_of(const struct ipxe_config *ipxe, uint16_t architecture)
{
	uint16_t plain = architecture_without_http(architecture);

	if (plain == EBC)
		plain = X64_UEFI;
	for (size_t i = 0; i < COUNT(loaders); i++) {
		if (loaders[i].architecture == plain && ipxe->has_loader[i])
			return loaders[i].name;
	}
	return NULL;
}
