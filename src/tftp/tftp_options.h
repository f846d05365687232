/* The options of TFTP that are known, and their names on the wire. */
#ifndef BOOTD_TFTP_TFTP_OPTIONS_H
#define BOOTD_TFTP_TFTP_OPTIONS_H

/* Their bits name sets of options. */
enum tftp_option {
	TFTP_OPTION_BLOCK_SIZE,   /* RFC 2348 */
	TFTP_OPTION_TIMEOUT,      /* RFC 2349 */
	TFTP_OPTION_SIZE,         /* RFC 2349 */
	TFTP_OPTION_WINDOW,       /* RFC 7440 */
	TFTP_OPTION_FINE_TIMEOUT, /* tftp-hpa */
	TFTP_OPTION_ROLLOVER,     /* tftp-hpa */
	TFTP_OPTION_COUNT,
};

extern const char *const tftp_option_names[TFTP_OPTION_COUNT];

#endif
