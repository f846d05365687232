/* Scripts with the machine's variables in them: {mac}, {ip}, {uuid}, {arch}, {client}. */
#ifndef BOOTD_CONTENT_TEMPLATE_H
#define BOOTD_CONTENT_TEMPLATE_H

#include "base/bytes.h"
#include "content/content.h"

#include <stdbool.h>

#define TEMPLATE_SIZE_MAX ((size_t)256 * 1024)

/* The file is one: its name ends in .ipxe, or is the script's. */
bool template_is_one(const char *path, const char *script);

/* Writes the text with its variables replaced; what is none of them stays, and ${...}, iPXE's own,
 * too. Of what a variable holds, only letters, digits and -._: are written, an underscore in place
 * of anything else: nothing in it can be a command. One that does not fit fails the writer. */
void template_expand(struct span text, const struct content_asker *asker, struct writer *out);

/* Puts in the place of a whole source one in memory that is the asker's own. Waits for the disk.
 * Returns CONTENT_OK, or the refusal with a sentence; *source is closed then, and NULL. */
enum content_refusal template_apply(struct source **source, const struct content_asker *asker,
				    char out_sentence[CONTENT_SENTENCE_SIZE]);

#endif
