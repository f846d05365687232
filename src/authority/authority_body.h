/* The body of a granting reply: lines "Client: NAME" and "File: NAME", everything else ignored. */
#ifndef BOOTD_AUTHORITY_AUTHORITY_BODY_H
#define BOOTD_AUTHORITY_AUTHORITY_BODY_H

#include "authority/authority.h"
#include "base/bytes.h"

/* Sets client and file of the reply, "" where no line gives a usable one. The names of the lines
 * are taken in any case; of several usable lines of a name the first counts. A client is a host
 * name: letters, digits, '.', '-' and '_', the first a letter or a digit. A file is any text
 * without control characters. A line whose value is empty, too long for its field, or has other
 * characters is as if it were not there: half a name would be another name. */
void authority_body_parse(struct span body, struct authority_reply *out_reply);

#endif
