/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages that their transport framed go the way of a line's inside: JSON loggers are unwrapped,
 * the text is cut at line ends, escapes are stripped. What the transport says wins over what the
 * text claims: a process that writes `kernel:` into its log does not become the kernel.
 */
#include "decode/decode_internal.h"

enum rc decoder_push_messages(struct decoder *decoder, const struct message *messages, size_t n)
{
    decoder->rc = RC_OK;
    decoder->copying = true;
    for (size_t i = 0; i < n && !batch_has_failed(decoder); i++) {
        decoder->stats.bytes += messages[i].text.len;
        decoder->message = &messages[i];
        unwrap_message(decoder, &messages[i]);
        decoder->end_offset = messages[i].offset + 1;
    }
    batch_push(decoder);
    decoder->message = NULL;
    return decoder->rc;
}
