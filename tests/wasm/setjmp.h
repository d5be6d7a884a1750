/* cmocka.h wants it to be included; WebAssembly has none, and ours needs none. */
