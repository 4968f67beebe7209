/* The built console (or nothing, with KANSOKU_CONSOLE=OFF), as read-only data. */
    .section .rodata
    .balign 16
    .global kansoku_console_pack
    .global kansoku_console_pack_end
    .global kansoku_console_index
    .global kansoku_console_index_end
kansoku_console_pack:
    .incbin "console.pack"
kansoku_console_pack_end:
    .byte 0
kansoku_console_index:
    .incbin "console.index"
kansoku_console_index_end:
    .byte 0
    .section .note.GNU-stack,"",%progbits
