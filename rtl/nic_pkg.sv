// SPDX-License-Identifier: BSD-2-Clause
//
// Types and constants shared by the modules of the card. Lengths and offsets are in bytes.
// Byte 0 of a beat is bits [7:0] and the earliest. A beat of the stream is Lanes blocks of 16 bytes; one
// of host memory is twice as wide.
package nic_pkg;
  localparam logic [31:0] ID_VALUE      = 32'h5457_5031;  // "TWP1"
  localparam logic [31:0] VERSION_VALUE = 32'h0001_0000;
  // 1024 SAs each way, AES-GCM-128, AES-GCM-256, ESN, AES-GMAC, IPv6, ESP in UDP, VLAN tags, packet
  // offload, rings up to 2^12 entries; scatter/gather, checksums.
  localparam logic [31:0] CAPS_VALUE    = 32'h3cff_0400;
  localparam logic [31:0] CAPS_PACKET   = 32'h0080_0000;   // of one lane alone
  localparam logic [15:0] MAX_FRAME_DEFAULT = 16'd9018;
  localparam logic [15:0] MAX_FRAME_LIMIT   = 16'd9216;
  localparam logic [15:0] NO_SA_IDX         = 16'hffff;
  localparam logic [15:0] NATT_PORT_DEFAULT = 16'd4500;   // RFC 3948

  // Completion codes (status bits 3:0).
  localparam logic [3:0] CODE_OK        = 4'd0;
  localparam logic [3:0] CODE_AUTH_FAIL = 4'd1;
  localparam logic [3:0] CODE_BAD_LEN   = 4'd2;
  localparam logic [3:0] CODE_NO_SA     = 4'd3;
  localparam logic [3:0] CODE_DMA_ERR   = 4'd4;
  localparam logic [3:0] CODE_TOO_BIG   = 4'd5;
  localparam logic [3:0] CODE_KEY_ERR   = 4'd8;   // parity of the SA's row
  localparam logic [3:0] CODE_REPLAY    = 4'd9;
  localparam logic [3:0] CODE_BAD_PAD   = 4'd10;
  localparam logic [3:0] CODE_SEQ_END   = 4'd11;

  // AXI IDs: one per requester, so that responses of each come back in order.
  localparam logic [3:0] RID_TX_DESC = 4'd0;
  localparam logic [3:0] RID_TX_DATA = 4'd1;
  localparam logic [3:0] RID_RX_DESC = 4'd2;
  localparam logic [3:0] WID_RX_DATA = 4'd0;
  localparam logic [3:0] WID_TX_CPL  = 4'd1;
  localparam logic [3:0] WID_RX_CPL  = 4'd2;

  // One AES-GCM message. Byte 0 of key and IV in bits [7:0]; AES-128 uses key[127:0].
  typedef struct packed {
    logic         decrypt;
    logic         key256;
    logic [255:0] key;
    logic [95:0]  iv;
    logic [15:0]  aad_len;   // bytes
    logic [15:0]  text_len;  // bytes
  } gcm_cmd_t;

  // What software says about one ring. flush lasts one cycle, when the ring is (re-)enabled.
  typedef struct packed {
    logic        flush;
    logic        enable;
    logic [3:0]  log2;    // entries, 4..12
    logic [63:0] base;    // 64-byte aligned
    logic [15:0] sw_idx;  // TX/RX: tail (producer); TXC/RXC: head (consumer)
  } ring_cfg_t;

  localparam int unsigned RING_CFG_W = 86;   // bits of it
  localparam int unsigned QUEUE_W    = 2;    // of a queue's number

  // Card-wide settings.
  typedef struct packed {
    logic        tx_en;
    logic        rx_en;
    logic        promisc;
    logic        ipsec_tx_en;
    logic        ipsec_rx_en;
    logic        rx_csum;      // sums of what was decrypted are checked
    logic        rx_scatter;   // a frame may go on in the next buffer
    logic        rx_flag_bad;  // deliver a frame with a bad ICV, flagged, instead of dropping it
    logic [47:0] mac;          // byte 0 in [7:0]
    logic [15:0] max_frame;    // bytes
    logic [15:0] natt_port;    // UDP destination port of ESP in UDP, 0: none
  } cfg_t;

  // One security association. bad is not stored: the row read does not agree with its parity.
  localparam int unsigned SA_PARITY_BITS = 11;   // one for each 32 bits of the others
  typedef struct packed {
    logic         bad;
    logic         valid;
    logic         key256;
    logic         esn;
    logic         gmac;    // RFC 4543: authenticates, encrypts nothing
    logic         packet;  // packet offload: ESP header, trailer, numbers and window are the card's
    logic [31:0]  spi;     // transmit, packet offload
    logic [15:0]  window;  // receive: anti-replay window, packets; where ESN guesses turn
    logic [31:0]  salt;    // byte 0 in [7:0]
    logic [255:0] key;
  } sa_entry_t;

  // One slot of the receive match table.
  typedef struct packed {
    logic         valid;
    logic         v6;
    logic [31:0]  spi;
    logic [127:0] dst;     // first four bytes in [31:0], as a number; IPv4: the rest is zero
    logic [9:0]   sa_idx;
  } match_entry_t;

  // Write ports of the tables, driven by the CSR windows.
  typedef struct packed {
    logic        valid;
    logic [9:0]  idx;
    sa_entry_t   entry;
    logic [SA_PARITY_BITS-1:0] flip;   // parity bits to be stored wrong
    logic [63:0] seq;      // receive: highest number seen so far; transmit: last number given
    logic [127:0] seen;    // receive: bit i, number seq - i was seen
  } sa_write_t;

  // What became of one frame under an SA.
  typedef struct packed {
    logic        valid;
    logic        bad;      // no good ICV (receive), not read from memory (transmit)
    logic [9:0]  idx;
    logic [15:0] len;      // bytes of the frame on the wire
  } sa_event_t;

  // Counters and state of one SA, read at one moment.
  typedef struct packed {
    logic [31:0] replays;
    logic [127:0] seen;
    logic [63:0] seq;      // as in sa_write_t
    logic [31:0] errors;
    logic [63:0] bytes;
    logic [63:0] packets;
  } sa_state_t;
  typedef struct packed {
    logic         valid;
    logic [11:0]  slot;  // bucket * 4 + way
    match_entry_t entry;
  } match_write_t;

  // A completion, without its phase bit.
  typedef struct packed {
    logic [15:0] status;
    logic [15:0] sa_idx;
    logic [15:0] len;
    logic [QUEUE_W-1:0] qid;   // queue
    logic        l4_ok;    // receive: the checksum inside is right
    logic [7:0]  next;     // receive, packet offload: next header of ESP
    logic [30:0] esn_hi;   // receive with ESN: high half of the number that the ICV was good with;
                           // packet offload: low bits of the number
    logic [31:0] cookie;
  } cpl_t;

  // Transmit: a frame from its descriptor on.
  typedef struct packed {
    logic [QUEUE_W-1:0] qid;   // queue
    logic [3:0]  code;     // not OK: no data follows
    logic        ipsec;
    logic        packet;   // the card adds ESP header and trailer; len counts them
    logic [1:0]  pad;      // bytes
    logic [7:0]  next;
    logic        esn;
    logic [7:0]  esp_off;
    logic [15:0] len;
    logic [15:0] sa_idx;
    logic [31:0] esn_hi;   // byte 0 in [31:24]: a number
    logic [31:0] cookie;
    // Beats by number, from nic_tx_issue, so that nobody works them out while they pass:
    logic [4:0]  hdr;      // that of the ESP header
    logic [9:0]  first;    // packet: the first with a trailer
    logic [9:0]  last;     // packet
    logic [3:0]  tail;     // packet: bytes of payload in the beat where the trailer begins
  } tx_frame_t;

  // Transmit: bytes of which the checksum is wanted, and where it goes; counted from the first beat.
  typedef struct packed {
    logic        on;
    logic [14:0] start;
    logic [14:0] at;
    logic [14:0] stop;
  } tx_csum_t;

  // Transmit: a frame in the frame FIFO (len 0 and no data when code is not OK).
  typedef struct packed {
    logic [QUEUE_W-1:0] qid;   // queue
    logic [3:0]  code;
    logic        secp;
    logic [5:0]  lead;     // byte of the beat where it begins
    logic [15:0] len;
    logic [15:0] sa_idx;
    logic [31:0] cookie;
  } tx_done_t;

  // Transmit: how to put a frame together again. total = hdr when nothing is encrypted.
  typedef struct packed {
    logic        crypt;
    logic        has_data;  // beats and an end status follow
    logic [9:0]  hdr;       // beats that go round the engine; GMAC: all
    logic [9:0]  total;     // beats of the result
    logic [5:0]  tail;      // text bytes in the last beat of text, 0: all
    tx_done_t    done;
  } tx_merge_t;

  // Receive: a frame in the MAC FIFO, parsed.
  typedef struct packed {
    logic        esp_seen;
    logic [7:0]  esp_off;
    logic [15:0] len;
    logic [15:0] text_len;  // ESP payload after the IV, without ICV
    logic [31:0] spi;
    logic        v6;
    logic [127:0] dst;      // as in match_entry_t
    logic [1:0]  form;      // where the addresses lie in front of ESP
  } rx_meta_t;

  // rx_meta_t.form: bytes from the addresses' end to the ESP header.
  localparam logic [1:0] FORM_OTHER  = 2'd0;
  localparam logic [1:0] FORM_V4     = 2'd1;   // 0
  localparam logic [1:0] FORM_V4_UDP = 2'd2;   // 8
  localparam logic [1:0] FORM_V6     = 2'd3;   // 0

  // Receive: a frame on its way through decryption.
  typedef struct packed {
    logic [QUEUE_W-1:0] qid;   // queue
    logic        esp_seen;
    logic        crypt;     // an SA was found and the length suits
    logic [1:0]  form;      // as in rx_meta_t
    logic [3:0]  code;
    logic [7:0]  esp_off;
    logic [15:0] len;
    logic [15:0] text_len;
    logic [15:0] sa_idx;
    // With an SA, beats by number, from nic_rx_lookup, likewise:
    logic [4:0]  hdr;       // that of the ESP header
    logic [9:0]  text_end;  // the last one of the text
  } rx_frame_t;

  // Receive: a frame in the write FIFO (no data when len is 0).
  typedef struct packed {
    logic [QUEUE_W-1:0] qid;   // queue
    logic        secp;
    logic        esp_seen;
    logic [3:0]  code;
    logic [5:0]  lead;
    logic [7:0]  esp_off;
    logic [15:0] len;
    logic [15:0] sa_idx;
    logic        csum;      // a verdict on the checksum inside comes with it
    logic        packet;    // ESP header and trailer are gone
    logic [7:0]  next;
    logic [31:0] esn_hi;    // 0 without ESN; packet: low half of the number
  } rx_done_t;

  // Receive: how to put a frame together again: hdr beats, text beats, the rest.
  typedef struct packed {
    logic        crypt;
    logic [5:0]  tail;      // text bytes in the last text beat; not 0: the rest goes round
    logic [9:0]  hdr;       // beats
    logic [9:0]  text_end;  // hdr + text beats
    logic [9:0]  total;     // beats
    logic [1:0]  form;      // as in rx_meta_t
    logic        track;     // the number is to be noted, when the ICV is good
    logic        packet;
    logic [7:0]  window;    // packets; 0: no replay check
    logic [9:0]  esp;       // number of the ESP beat, and of the last text beat
    logic [9:0]  text_last;
    logic [15:0] text_len;  // bytes
    logic [31:0] seq;       // low half of the sequence number
    rx_done_t    done;
  } rx_merge_t;

  // Receive: what checking the sum inside needs to know of a beat.
  typedef struct packed {
    logic        valid;     // the beat passes, of a frame that is to be checked
    logic        esp;       // ends with ESP header and IV
    logic        text;
    logic        first;     // of the text
    logic        last;      // of the text
    logic        stop;      // last of the frame
    logic [5:0]  tail;      // text bytes in its last beat, 0: all
    logic [1:0]  form;      // as in rx_meta_t
    logic [15:0] text_len;  // bytes
  } rx_look_t;

  // What of a guess of ESN's high half depends on the SA alone.
  typedef struct packed {
    logic        whole;     // the window lies within one half
    logic [31:0] bottom;    // its first number, low half
    logic [31:0] hi;        // high half of the highest number seen
    logic [31:0] other_hi;  // the half next to it that a number may belong to
  } esn_guess_t;

  // Receive: what taking ESP off needs to know of a beat.
  typedef struct packed {
    logic       packet;
    logic       drop;      // ESP header, ICV, what is behind it
    logic       text;
    logic       last;      // of the text
    logic [3:0] tail;      // text bytes in it, 0 means 16
  } rx_mark_t;

  // Receive: a number is to be looked at: asked when its frame is put together again.
  typedef struct packed {
    logic        valid;    // one cycle
    logic [9:0]  idx;
    logic [7:0]  window;
    logic [63:0] seq;
  } seq_ask_t;

  // The frame of the last seq_ask_t has its verdict.
  typedef struct packed {
    logic        note;     // good and new: it counts as seen
    logic        replay;
  } seq_end_t;

  // A one-cycle pulse per event.
  typedef struct packed {
    logic tx_frame;
    logic tx_ipsec;
    logic tx_drop;
    logic rx_frame;
    logic rx_ipsec_ok;
    logic rx_icv_bad;
    logic rx_no_sa;
    logic rx_overflow;
    logic rx_filtered;
    logic rx_len_bad;
    logic rx_replay;
    logic rx_bad_pad;
    logic rd_error;
    logic wr_error;
    logic tx_key_error;
    logic rx_key_error;
  } stat_t;

  // A number's four bytes in the order of the wire (RFC 791), and back.
  function automatic logic [31:0] swap32(input logic [31:0] x);
    swap32 = {x[7:0], x[15:8], x[23:16], x[31:24]};
  endfunction

  // Words of a ring's register block.
  function automatic logic [31:0] ring_word(input logic enable, input logic [3:0] log2,
                                            input logic [63:0] base, input logic [15:0] head,
                                            input logic [15:0] tail, input logic [2:0] word);
    case (word)
      3'd0:    ring_word = base[31:0];
      3'd1:    ring_word = base[63:32];
      3'd2:    ring_word = {28'd0, log2};
      3'd3:    ring_word = {31'd0, enable};
      3'd4:    ring_word = {16'd0, head};
      3'd5:    ring_word = {16'd0, tail};
      default: ring_word = 32'd0;
    endcase
  endfunction

  // Bucket of a 32-bit number in the match table.
  function automatic logic [9:0] match_hash(input logic [31:0] x);
    match_hash = x[9:0] ^ x[19:10] ^ x[29:20] ^ {8'd0, x[31:30]};
  endfunction

  // Eight bytes from the middle of {hi, lo}: hi moved up by up bytes, filled from lo.
  function automatic logic [63:0] shift_in(input logic [63:0] hi, input logic [63:0] lo,
                                           input logic [2:0] up);
    // (lo >> 1) >> (63 - n) is lo >> (64 - n) without a shift by 64.
    shift_in = (hi << {up, 3'd0}) | ((lo >> 1) >> (6'd63 - {up, 3'd0}));
  endfunction

  // Three numbers modulo 2^n - 1 as two, {carries, sum}: no carry runs, the one at the top comes round to
  // the bottom. As 16 divides n, the Internet checksum of them is the same (RFC 1071 §2 (C)).
  function automatic logic [127:0] save64(input logic [63:0] a, input logic [63:0] b,
                                          input logic [63:0] c);
    logic [63:0] carry;
    carry  = (a & b) | (a & c) | (b & c);
    save64 = {carry[62:0], carry[63], a ^ b ^ c};
  endfunction
  function automatic logic [63:0] save32(input logic [31:0] a, input logic [31:0] b,
                                         input logic [31:0] c);
    logic [31:0] carry;
    carry  = (a & b) | (a & c) | (b & c);
    save32 = {carry[30:0], carry[31], a ^ b ^ c};
  endfunction
  function automatic logic [31:0] save16(input logic [15:0] a, input logic [15:0] b,
                                         input logic [15:0] c);
    logic [15:0] carry;
    carry  = (a & b) | (a & c) | (b & c);
    save16 = {carry[14:0], carry[15], a ^ b ^ c};
  endfunction
  // Two such numbers of 32 bits, added: 16 bits and a carry that is to come round.
  function automatic logic [16:0] save_end(input logic [63:0] x);
    logic [31:0] y;
    y        = save16(x[15:0], x[31:16], x[47:32]);
    y        = save16(y[15:0], y[31:16], x[63:48]);
    save_end = {1'b0, y[15:0]} + {1'b0, y[31:16]};
  endfunction
  // Two such numbers of 64 bits as two of 32.
  function automatic logic [63:0] save_half(input logic [127:0] x);
    logic [63:0] y;
    y         = save32(x[31:0], x[63:32], x[95:64]);
    save_half = save32(y[31:0], y[63:32], x[127:96]);
  endfunction

  // RFC 4303 §A2.2: the window ends at the highest number seen. If it lies within one half, a number
  // left of it belongs to the next half; else one that is not left of it belongs to the half before.
  function automatic esn_guess_t esn_guess(input logic [15:0] window, input logic [63:0] seq);
    esn_guess_t g;
    g.whole    = {1'b0, seq[31:0]} + 33'd1 >= {17'd0, window};
    g.bottom   = seq[31:0] - {16'd0, window} + 32'd1;
    g.hi       = seq[63:32];
    g.other_hi = g.whole ? seq[63:32] + 32'd1 : seq[63:32] - 32'd1;
    esn_guess  = g;
  endfunction
endpackage
