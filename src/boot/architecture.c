#include "boot/architecture.h"

#include "base/text.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* By number, as IANA lists them. RFC 4578's own table has 7 and 9 the other way round (erratum
 * 4624). */
static const char *const names[] = {
	[0] = "x86-bios",
	[1] = "pc98",
	[2] = "itanium",
	[3] = "alpha",
	[4] = "arc-x86",
	[5] = "lean-client",
	[6] = "x86-uefi",
	[7] = "x64-uefi",
	[8] = "xscale",
	[9] = "ebc",
	[10] = "arm32-uefi",
	[11] = "arm64-uefi",
	[12] = "powerpc-of",
	[13] = "powerpc-epapr",
	[14] = "power-opal",
	[15] = "x86-uefi-http",
	[16] = "x64-uefi-http",
	[17] = "ebc-http",
	[18] = "arm32-uefi-http",
	[19] = "arm64-uefi-http",
	[20] = "x86-bios-http",
	[21] = "arm32-uboot",
	[22] = "arm64-uboot",
	[23] = "arm32-uboot-http",
	[24] = "arm64-uboot-http",
	[25] = "riscv32-uefi",
	[26] = "riscv32-uefi-http",
	[27] = "riscv64-uefi",
	[28] = "riscv64-uefi-http",
	[29] = "riscv128-uefi",
	[30] = "riscv128-uefi-http",
	[31] = "s390-basic",
	[32] = "s390-extended",
	[33] = "mips32-uefi",
	[34] = "mips64-uefi",
	[35] = "sunway32-uefi",
	[36] = "sunway64-uefi",
	[37] = "loongarch32-uefi",
	[38] = "loongarch32-uefi-http",
	[39] = "loongarch64-uefi",
	[40] = "loongarch64-uefi-http",
	[41] = "rpiboot",
};

bool architecture_parse(const char *text, uint16_t *out_architecture)
{
	uint64_t number;

	if (text_parse_number(text, &number)) {
		if (number > UINT16_MAX)
			return false;
		*out_architecture = (uint16_t)number;
		return true;
	}
	for (size_t i = 0; i < COUNT(names); i++) {
		if (text_is_same(text, names[i])) {
			*out_architecture = (uint16_t)i;
			return true;
		}
	}
	return false;
}

const char *architecture_name(uint16_t architecture)
{
	return architecture < COUNT(names) ? names[architecture] : NULL;
}

uint16_t architecture_without_http(uint16_t architecture)
{
	static const struct {
		uint16_t with;
		uint16_t without;
	} pairs[] = {
		{ 15, 6 },  { 16, 7 },  { 17, 9 },  { 18, 10 }, { 19, 11 }, { 20, 0 },  { 23, 21 },
		{ 24, 22 }, { 26, 25 }, { 28, 27 }, { 30, 29 }, { 38, 37 }, { 40, 39 },
	};

	for (size_t i = 0; i < COUNT(pairs); i++) {
		if (pairs[i].with == architecture)
			return pairs[i].without;
	}
	return architecture;
}

void architecture_format(uint16_t architecture, char *out, size_t size)
{
	const char *name = architecture_name(architecture);

	if (name != NULL)
		(void)text_format(out, size, "%s", name);
	else
		(void)text_format(out, size, "%u", architecture);
}
