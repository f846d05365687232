/* A requested name becomes a readable source. */
#ifndef BOOTD_CONTENT_CONTENT_H
#define BOOTD_CONTENT_CONTENT_H

#include "base/bytes.h"
#include "base/ip.h"
#include "content/source.h"
#include "io/loop.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define CONTENT_SENTENCE_SIZE 400
#define CONTENT_TEXT_SIZE     128 /* of a variable */

struct content;
struct filter_rules;
struct root_remote;
struct source;

/* Who asks, as text for the variables of [filters]; "" what is not known. */
struct content_asker {
	struct mac_text mac;
	struct ip_text ip;
	struct uuid_text uuid;
	char arch[CONTENT_TEXT_SIZE]; /* as in [bootfile]: the name, else the number */
	char file[CONTENT_TEXT_SIZE]; /* from the authority, as is client */
	char client[CONTENT_TEXT_SIZE];
	/* The name of the loader that it was told to boot: what this asks for in the wrong place is
	 * looked for beside it. */
	char loader[CONTENT_TEXT_SIZE];
};

/* A folder whose files are served where the root has none of their name. */
struct content_mount {
	const char *prefix; /* of their names, with its slash: "ipxe/" */
	const char *folder;
};

struct content_settings {
	const char *root;           /* the folder that is served, or a URL */
	struct root_remote *remote; /* fetches what is below a URL; NULL: root is a folder */
	bool may_follow_links;      /* out of the folder, too */
	/* Copied; NULL: none. What they name are always local files, which may lie out of the
	 * root; a relative name is taken from the folder. */
	const struct filter_rules *filters;
	const char *folder; /* the configuration file's */
	/* Copied; a prefix of NULL: none. */
	struct content_mount mount;
	/* Copied; the file that is served as a template, as those are whose name ends in .ipxe.
	 * NULL: none is. */
	const char *script;
};

/* What content_open found: a source, which is the callee's to close, or why there is none, in a
 * sentence for the log. The texts are borrowed for the call. */
struct content_answer {
	struct source *source;
	enum content_refusal refusal;
	const char *sentence;
	/* The line of the row in [filters] that translated the name; 0: none did, or there was no
	 * name to translate. */
	unsigned filter_line;
	/* The file's path, printable, where it is not the name's own: a whole one where it was
	 * translated or is of a mounted folder, otherwise below the root. "": it is. */
	const char *translated_path;
	/* There is no such file, and most machines do without it. */
	bool is_optional;
};

typedef void content_callback(void *context, const struct content_answer *answer);

/* Returns 0 with *out_content, or -errno: -EINVAL for a root that is neither a folder nor a URL. */
int content_new(const struct content_settings *settings, struct content **out_content);

/* Any thread may hold a content, and open files of it, until it has let it go; the last one frees
 * it. NULL is allowed. */
struct content *content_hold(struct content *content);
void content_free(struct content *content);

/* Opens the file that a client asked for by name, raw as it came. on_open is called once, from the
 * loop, never before this returns 0. Called in the loop's thread. Returns -ENOMEM otherwise. */
int content_open(struct content *content, struct loop *loop, struct span name,
		 const struct content_asker *asker, content_callback *on_open, void *context);

/* The same for a thread without a loop, which waits for the disk, but not for an upstream: on_open
 * is called before this returns, or later from another thread. */
int content_open_here(struct content *content, struct span name, const struct content_asker *asker,
		      content_callback *on_open, void *context);

#endif
