/* Why there is no file, or no more of it. */
#ifndef BOOTD_CONTENT_REFUSAL_H
#define BOOTD_CONTENT_REFUSAL_H

enum content_refusal {
	CONTENT_OK,
	CONTENT_BAD_NAME,         /* path.h refuses it */
	CONTENT_NOT_FOUND,        /* nothing of that name, or a folder */
	CONTENT_FORBIDDEN,        /* out of the root, not a regular file, no permission */
	CONTENT_OUT_OF_RESOURCES, /* descriptors, memory, downloads at once */
	CONTENT_UNREADABLE,       /* the disk fails */
	CONTENT_UNREACHABLE,      /* the upstream does not answer, or with an error of its own */
	CONTENT_BROKEN,           /* the upstream's answer is not to be trusted, or broke off */
};

#endif
