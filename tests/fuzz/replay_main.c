/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Replays a fuzz target's corpus where libFuzzer is not linked: every file of the directories given
 * is one input. An empty or missing corpus is a failure, since it would test nothing.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int replay_file(const char *path)
{
    FILE *file = fopen(path, "rbe");
    long size;
    uint8_t *data;

    if (file == NULL || fseek(file, 0, SEEK_END) != 0 || (size = ftell(file)) < 0) {
        perror(path);
        return 1;
    }
    rewind(file);
    data = malloc((size_t)size + 1);
    if (data == NULL || fread(data, 1, (size_t)size, file) != (size_t)size) {
        perror(path);
        return 1;
    }
    (void)LLVMFuzzerTestOneInput(data, (size_t)size);
    free(data);
    return fclose(file);
}

int main(int argc, char **argv)
{
    size_t n = 0;

    for (int i = 1; i < argc; i++) {
        DIR *dir = opendir(argv[i]);
        if (dir == NULL) {
            perror(argv[i]);
            return 1;
        }
        for (struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
            char path[4096];
            if (entry->d_name[0] == '.' || snprintf(path, sizeof(path), "%s/%s", argv[i],
                                                    entry->d_name) >= (int)sizeof(path)) {
                continue;
            }
            if (replay_file(path) != 0) {
                return 1;
            }
            n++;
        }
        (void)closedir(dir);
    }
    printf("%zu inputs replayed\n", n);
    return n > 0 ? 0 : 1;
}
