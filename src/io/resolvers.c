#include "io/resolvers.h"

#include "base/cleanup.h"
#include "base/text.h"

#include <ctype.h>
#include <string.h>

#define LINES_MAX 1000

/* "nameserver ADDRESS", with whatever blanks and comments stand around it. */
static bool parse_line(char *line, struct ip4 *out_address)
{
	static const char keyword[] = "nameserver";
	char *address = line + strlen(keyword);

	if (strncmp(line, keyword, strlen(keyword)) != 0 || !isspace((unsigned char)*address))
		return false;
	address += strspn(address, " \t");
	address[strcspn(address, " \t\r\n#;")] = '\0';
	return ip4_parse(address, out_address);
}

static size_t read_file(const char *path, struct ip4 *out_list, size_t capacity)
{
	CLEANUP(close_file) FILE *file = fopen(path, "re");
	char line[256];
	size_t count = 0;

	if (file == NULL)
		return 0;
	for (int lines = 0; lines < LINES_MAX && count < capacity; lines++) {
		if (fgets(line, sizeof(line), file) == NULL)
			break;
		if (parse_line(line, &out_list[count]))
			count++;
	}
	return count;
}

static bool is_loopback(struct ip4 address)
{
	return address.value >> 24 == 127;
}

size_t resolvers_list(struct ip4 *out_list, size_t capacity)
{
	size_t count = read_file("/etc/resolv.conf", out_list, capacity);

	for (size_t i = 0; i < count; i++) {
		if (!is_loopback(out_list[i]))
			return count;
	}
	return read_file("/run/systemd/resolve/resolv.conf", out_list, capacity);
}
