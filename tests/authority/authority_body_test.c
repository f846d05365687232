#include "authority/authority_body.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(array)    (sizeof(array) / sizeof((array)[0]))
#define TEN(text)       text text text text text text text text text text
#define CLIENT_63       TEN("abcdef") "abc"
#define FILE_127        TEN("dir/file.bin") "1234567"
#define BODY(text)      (text), sizeof(text) - 1
#define NUL_IN_A_CLIENT "Client: pc\0x\n"

/* Parses a copy of exactly the body's size, so that a sanitizer sees a read past it. */
static struct authority_reply parse(const char *body, size_t length)
{
	struct authority_reply reply = { .client = "old", .file = "old" };
	uint8_t *copy = malloc(length > 0 ? length : 1);

	assert_non_null(copy);
	memcpy(copy, body, length);
	authority_body_parse((struct span){ .bytes = copy, .length = length }, &reply);
	free(copy);
	return reply;
}

static void lines_give_client_and_file(void **state)
{
	static const struct {
		const char *body;
		size_t length;
		const char *client;
		const char *file;
	} cases[] = {
		{ BODY(""), "", "" },
		{ BODY("\n\n\r\n:\n"), "", "" },
		{ BODY("Client: pc7\nFile: pxelinux.0\n"), "pc7", "pxelinux.0" },
		{ BODY("File: pxelinux.0\r\nClient: pc7\r\n"), "pc7", "pxelinux.0" },
		{ BODY("CLIENT:pc7\nfIlE:\ta b.bin \t"), "pc7", "a b.bin" },
		{ BODY(" client : pc7 \n"), "pc7", "" },
		{ BODY("<html>\nwelcome: you\nClient\nFile pxelinux.0\nClients: all\nXFile: b\n"),
		  "", "" },
		{ BODY("File: http://mirror/a:b\n"), "", "http://mirror/a:b" },
		{ BODY("File: caf\xc3\xa9.bin\n"), "", "caf\xc3\xa9.bin" },
		/* the first usable line counts */
		{ BODY("Client: one\nClient: two\nFile: a\nFile: b\n"), "one", "a" },
		{ BODY("Client:\nClient: \nFile: \r\nClient: two\nFile: b\n"), "two", "b" },
		/* no host names */
		{ BODY("Client: two words\n"), "", "" },
		{ BODY("Client: $(reboot)\n"), "", "" },
		{ BODY("Client: ../etc\n"), "", "" },
		{ BODY("Client: ..\n"), "", "" },
		{ BODY("Client: -rf\n"), "", "" },
		{ BODY("Client: pc/7\n"), "", "" },
		{ BODY("Client: caf\xc3\xa9\n"), "", "" },
		{ BODY("Client: 7.a-b_c.Example\n"), "7.a-b_c.Example", "" },
		/* control characters */
		{ BODY("File: a\tb\n"), "", "" },
		{ BODY("File: a\x1b[2Jb\n"), "", "" },
		{ BODY("File: a\x7f\n"), "", "" },
		{ BODY("File: a\rFile: b\n"), "", "" },
		{ BODY(NUL_IN_A_CLIENT), "", "" },
		{ BODY(NUL_IN_A_CLIENT "Client: pc8"), "pc8", "" },
		/* too long */
		{ BODY("Client: " CLIENT_63 "\nFile: " FILE_127 "\n"), CLIENT_63, FILE_127 },
		{ BODY("Client: " CLIENT_63 "d\nFile: " FILE_127 "8\n"), "", "" },
		{ BODY("File: " TEN(FILE_127) "\nFile: short\n"), "", "short" },
		{ BODY("File: x" TEN(TEN("      ")) "\nFile: short\n"), "", "short" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct authority_reply reply = parse(cases[i].body, cases[i].length);

		assert_string_equal(reply.client, cases[i].client);
		assert_string_equal(reply.file, cases[i].file);
	}
}

static void the_rest_of_the_reply_stays(void **state)
{
	struct authority_reply reply = { .verdict = AUTHORITY_DENIES, .status = 403 };
	const struct span body = { .bytes = (const uint8_t *)"Client: a", .length = 9 };

	(void)state;
	authority_body_parse(body, &reply);
	assert_string_equal(reply.client, "a");
	assert_int_equal(reply.verdict, AUTHORITY_DENIES);
	assert_int_equal(reply.status, 403);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_give_client_and_file),
		cmocka_unit_test(the_rest_of_the_reply_stays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
