// SPDX-License-Identifier: BSD-2-Clause
//
// Types shared by the modules of the card.
package nic_pkg;
  // One AES-GCM message. Byte 0 of key and IV in bits [7:0]; AES-128 uses key[127:0].
  typedef struct packed {
    logic         decrypt;
    logic         key256;
    logic [255:0] key;
    logic [95:0]  iv;
    logic [15:0]  aad_len;   // bytes
    logic [15:0]  text_len;  // bytes
  } gcm_cmd_t;
endpackage
