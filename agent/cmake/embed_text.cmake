# cmake -DIN=file -DOUT=file.c -DNAME=symbol -P embed_text.cmake: the file's bytes as `const struct span NAME`.
file(READ ${IN} hex HEX)
string(REGEX REPLACE "(..)" "0x\\1," bytes "${hex}")
file(WRITE ${OUT} "#include \"base/span.h\"\n\nextern const struct span ${NAME};\nstatic const unsigned char bytes[] = {\n${bytes}0};\nconst struct span ${NAME} = {(const char *)bytes, sizeof(bytes) - 1};\n")
