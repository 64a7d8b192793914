/* SPDX-License-Identifier: Apache-2.0 */
/* gpuerr-agent: watches GPU job logs and says why the job is failing. The map of the house is
 * agent/README.md. */
#include "cmd/cmd.h"

int main(int argc, char **argv)
{
    return (int)cmd_main(argc, argv);
}
