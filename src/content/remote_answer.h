/* What an upstream's answer means: the decisions of a fetch. */
#ifndef BOOTD_CONTENT_REMOTE_ANSWER_H
#define BOOTD_CONTENT_REMOTE_ANSWER_H

#include "content/refusal.h"
#include "content/remote_head.h"

/* What was asked, and what is known of the file so far. */
struct remote_question {
	bool is_conditional;             /* an object is here, and was asked about */
	bool is_resumption;              /* the rest of a file that broke off */
	uint64_t received_bytes;         /* of it */
	bool has_size;                   /* by the first answer */
	uint64_t size_bytes;             /* of the whole */
	uint64_t size_max_bytes;         /* no file may be larger */
	const struct remote_head *first; /* the answer that is continued */
};

enum remote_verdict {
	REMOTE_BEGINS,    /* the whole file follows */
	REMOTE_CONTINUES, /* exactly the missing part follows */
	REMOTE_UNCHANGED, /* the object is still good */
	REMOTE_HAS_NONE,  /* there is no such file */
	REMOTE_REFUSED,   /* nothing of what follows is to be used */
};

struct remote_answer {
	enum remote_verdict verdict;
	bool has_size; /* of the whole file, for the first two */
	uint64_t size_bytes;
	enum content_refusal refusal; /* of the last two */
	const char *reason;           /* a sentence's part for the log, static */
};

/* CONTENT_UNREACHABLE says that the upstream is in trouble, and may do better later. */
struct remote_answer remote_decide(const struct remote_head *head,
				   const struct remote_question *question);

enum remote_end {
	REMOTE_IS_WHOLE,
	REMOTE_TRIES_AGAIN, /* asks for the rest */
	REMOTE_FAILED,
};

/* How a fetch that has begun ends. ended_well: the end of the answer, by its length or its last
 * chunk, was received. may_resume: its first answer has a strong validator, and there is a try
 * left. */
enum remote_end remote_decide_end(bool ended_well, bool may_resume,
				  const struct remote_question *question);

#endif
