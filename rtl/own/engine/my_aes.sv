// SPDX-License-Identifier: BSD-2-Clause
//
// AES-128/256 encryption (FIPS-197) of one block, a round a cycle: done is high one cycle, 10 or 14
// cycles after start. Round keys are made on the way. Byte k of block and key is bits [8k+7:8k].
module my_aes (
  input  logic         clk,
  input  logic         rst_n,
  input  logic         start,
  input  logic         key256,
  input  logic [255:0] key,
  input  logic [127:0] block,
  output logic         done,
  output logic [127:0] result
);
  // The S-box, made as its definition says: p runs through the powers of 3, q through those of 1/3,
  // so q is the inverse of p.
  logic [7:0] sbox [256];
  initial begin
    logic [7:0] p, q;
    p = 8'h01;
    q = 8'h01;
    sbox[0] = 8'h63;
    for (int i = 0; i < 255; i++) begin
      p = p ^ {p[6:0], 1'b0} ^ (p[7] ? 8'h1b : 8'h00);
      q = q ^ {q[6:0], 1'b0};
      q = q ^ {q[5:0], 2'b0};
      q = q ^ {q[3:0], 4'b0};
      q = q ^ (q[7] ? 8'h09 : 8'h00);
      sbox[p] = q ^ {q[6:0], q[7]} ^ {q[5:0], q[7:6]} ^ {q[4:0], q[7:5]} ^ {q[3:0], q[7:4]} ^ 8'h63;
    end
  end

  function automatic logic [7:0] xtime(input logic [7:0] a);
    xtime = {a[6:0], 1'b0} ^ (a[7] ? 8'h1b : 8'h00);
  endfunction

  logic [3:0]   left;          // rounds left, 0: idle
  logic [127:0] state;
  logic         wide;          // AES-256
  logic [127:0] key_a, key_b;  // AES-128: key_b is the last round key; AES-256: the last two
  logic         turn;          // AES-256: this round's new key takes a rotation and a constant
  logic [7:0]   rcon;

  // ---- Key schedule (FIPS-197 section 5.2).
  logic [127:0] next_key, round_key;
  always_comb begin
    logic [127:0] base;
    logic [31:0]  word;
    base = wide ? key_a : key_b;
    word = {sbox[key_b[127:120]], sbox[key_b[119:112]], sbox[key_b[111:104]], sbox[key_b[103:96]]};
    if (!wide || turn) word = {word[7:0], word[31:8]} ^ {24'h0, rcon};
    next_key[31:0]   = base[31:0] ^ word;
    next_key[63:32]  = base[63:32] ^ next_key[31:0];
    next_key[95:64]  = base[95:64] ^ next_key[63:32];
    next_key[127:96] = base[127:96] ^ next_key[95:64];
    round_key = wide ? key_b : next_key;
  end

  // ---- One round (section 5.1): byte 4c + r is row r of column c.
  logic [127:0] shifted, mixed;
  always_comb begin
    for (int c = 0; c < 4; c++) begin
      for (int r = 0; r < 4; r++) begin
        shifted[8*(4*c + r) +: 8] = sbox[state[8*(4*((c + r) % 4) + r) +: 8]];
      end
    end
    for (int c = 0; c < 4; c++) begin
      for (int r = 0; r < 4; r++) begin
        mixed[8*(4*c + r) +: 8] = xtime(shifted[8*(4*c + r) +: 8])
          ^ xtime(shifted[8*(4*c + (r+1)%4) +: 8]) ^ shifted[8*(4*c + (r+1)%4) +: 8]
          ^ shifted[8*(4*c + (r+2)%4) +: 8] ^ shifted[8*(4*c + (r+3)%4) +: 8];
      end
    end
  end

  always_ff @(posedge clk) begin
    done <= 1'b0;
    if (!rst_n) begin
      left <= 4'd0;
    end else if (start) begin
      left  <= key256 ? 4'd14 : 4'd10;
      wide  <= key256;
      state <= block ^ key[127:0];
      key_a <= key[127:0];
      key_b <= key256 ? key[255:128] : key[127:0];
      turn  <= 1'b1;
      rcon  <= 8'h01;
    end else if (left != 4'd0) begin
      left  <= left - 4'd1;
      state <= (left == 4'd1 ? shifted : mixed) ^ round_key;
      key_a <= key_b;
      key_b <= next_key;
      turn  <= !turn;
      if (!wide || turn) rcon <= xtime(rcon);
      done  <= left == 4'd1;
    end
  end
  assign result = state;
endmodule
