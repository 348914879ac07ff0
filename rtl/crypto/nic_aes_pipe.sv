// SPDX-License-Identifier: BSD-2-Clause
//
// nic_aes_pipe: AES-128/256 encryption (FIPS-197), fully pipelined, one round a stage. Latency 15
// cycles for both key sizes, Lanes blocks of one key a cycle, no backpressure: who feeds it keeps
// room for what comes out.
//
// Byte order: byte k of blocks and keys is bits [8k+7:8k]; AES-128 uses key_i[127:0]. So 32-bit word
// c is column c of the state, row 0 in its low byte, and what FIPS-197 calls rotating a word left by
// a byte is a rotation to the right by 8.
//
// AES-256 uses stages 1..14. AES-128 passes stages 1..4 untouched and does its rounds 1..10 in
// stages 5..14, so both have one latency and may follow each other in any order.
//
// Round keys: key_valid_i comes one cycle before the first block of a message, if need be together
// with the last block of the message before, so a key change costs nothing. It sends a token down
// the pipe; a stage takes its round key when the token passes and all blocks of the message use it.
// The key schedule thus runs once a message, not once a block, and nothing is stored per key.
module nic_aes_pipe #(
  parameter int unsigned Lanes = 1
) (
  input  logic                 clk_i,
  input  logic                 rst_ni,
  input  logic                 key_valid_i,
  input  logic                 key256_i,
  input  logic [255:0]         key_i,
  input  logic                 valid_i,
  input  logic [128*Lanes-1:0] block_i,    // lane 0 in the low bits
  output logic                 valid_o,
  output logic [128*Lanes-1:0] block_o
);
  localparam int unsigned Stages = 14;   // rounds; stage 0 adds the first round key

  // FIPS-197 figure 7, read as printed: S(0x00) first.
  localparam logic [2047:0] SBox = {
    256'h637c777bf26b6fc53001672bfed7ab76ca82c97dfa5947f0add4a2af9ca472c0,
    256'hb7fd9326363ff7cc34a5e5f171d8311504c723c31896059a071280e2eb27b275,
    256'h09832c1a1b6e5aa0523bd6b329e32f8453d100ed20fcb15b6acbbe394a4c58cf,
    256'hd0efaafb434d338545f9027f503c9fa851a3408f929d38f5bcb6da2110fff3d2,
    256'hcd0c13ec5f974417c4a77e3d645d197360814fdc222a908846eeb814de5e0bdb,
    256'he0323a0a4906245cc2d3ac629195e479e7c8376d8dd54ea96c56f4ea657aae08,
    256'hba78252e1ca6b4c6e8dd741f4bbd8b8a703eb5664803f60e613557b986c11d9e,
    256'he1f8981169d98e949b1e87e9ce5528df8ca1890dbfe6426841992d0fb054bb16
  };

  // SubBytes and MixColumns (FIPS-197 sections 5.1.1 and 5.1.3) in one table a row: what a byte of
  // that row adds to its column. Row 0 gives {3s, s, s, 2s}, row 0 low; the others are rotations.
  logic [31:0] rom0 [256];
  logic [31:0] rom1 [256];
  logic [31:0] rom2 [256];
  logic [31:0] rom3 [256];

  function automatic logic [7:0] times2(input logic [7:0] s);
    times2 = {s[6:0], 1'b0} ^ (s[7] ? 8'h1b : 8'h00);
  endfunction

  // {2s ^ s, s, s, 2s} rotated left by 8 * row bits.
  function automatic logic [31:0] mix_column(input logic [7:0] s, input int unsigned row);
    logic [63:0] twice;
    twice = {2{times2(s) ^ s, s, s, times2(s)}};
    mix_column = twice[32 - 8*row +: 32];
  endfunction

  initial begin
    for (int i = 0; i < 256; i++) begin
      rom0[i] = mix_column(SBox[8*(255-i) +: 8], 0);
      rom1[i] = mix_column(SBox[8*(255-i) +: 8], 1);
      rom2[i] = mix_column(SBox[8*(255-i) +: 8], 2);
      rom3[i] = mix_column(SBox[8*(255-i) +: 8], 3);
    end
  end

  logic [Stages:0]   valid_q;   // [s]: stage s holds a block
  logic [Stages-1:0] token_q;   // [s]: stage s took its round keys in the last cycle

  // Say nothing new to a stage, but let a simulator skip all idle stages with one test.
  logic some_valid, some_token;
  assign some_valid = |valid_q[Stages-1:0];
  assign some_token = |token_q;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      valid_q <= '0;
      token_q <= '0;
    end else begin
      valid_q <= {valid_q[Stages-1:0], valid_i};
      token_q <= {token_q[Stages-2:0], key_valid_i};
    end
  end

  // Round constants x^0 .. x^9, x^0 lowest.
  localparam logic [79:0] RCon = 80'h361b8040201008040201;

  for (genvar s = 0; s <= Stages; s++) begin : gen_stage
    logic         key256;
    logic [127:0] own;     // round key of this stage
    logic [127:0] next;    // round key of the next stage (AES-128, s < 4: still the key itself)
    logic [128*Lanes-1:0] state;

    if (s == 0) begin : gen_first
      always_ff @(posedge clk_i) begin
        if (key_valid_i) begin
          key256 <= key256_i;
          own    <= key_i[127:0];
          next   <= key256_i ? key_i[255:128] : key_i[127:0];
        end
      end
      always_ff @(posedge clk_i) if (valid_i) state <= block_i ^ {Lanes{own}};
    end else begin : gen_round
      // FIPS-197 section 5.2. AES-256 makes the next round key from the last two, with a rotation
      // and a constant every other time; AES-128 from the last one, with both every time.
      localparam logic [7:0] RCon256 = (s % 2 == 1) ? RCon[8*(s/2) +: 8] : 8'h00;
      localparam logic [7:0] RCon128 = (s >= 4 && s < 14) ? RCon[8*((s+6)%10) +: 8] : 8'h00;
      always_ff @(posedge clk_i) begin
        if (some_token) if (token_q[s-1]) begin
          logic [31:0]  g;
          logic [127:0] base, made;
          g = {rom0[gen_stage[s-1].next[127:120]][15:8], rom0[gen_stage[s-1].next[119:112]][15:8],
               rom0[gen_stage[s-1].next[111:104]][15:8], rom0[gen_stage[s-1].next[103:96]][15:8]};
          base = gen_stage[s-1].key256 ? gen_stage[s-1].own : gen_stage[s-1].next;
          if (!gen_stage[s-1].key256) g = {g[7:0], g[31:8]} ^ {24'h0, RCon128};
          else if (s % 2 == 1)        g = {g[7:0], g[31:8]} ^ {24'h0, RCon256};
          made[31:0]   = base[31:0] ^ g;
          made[63:32]  = base[63:32] ^ made[31:0];
          made[95:64]  = base[95:64] ^ made[63:32];
          made[127:96] = base[127:96] ^ made[95:64];
          key256 <= gen_stage[s-1].key256;
          own    <= gen_stage[s-1].next;
          next   <= (s < 4 && !gen_stage[s-1].key256) ? gen_stage[s-1].next : made;
        end
      end

      // ShiftRows (section 5.1.2): row r of column c comes from column c + r.
      always_ff @(posedge clk_i) begin
        if (some_valid) if (valid_q[s-1]) begin
          if (s <= 4 && !key256) begin
            state <= gen_stage[s-1].state;
          end else if (s < Stages) begin
            for (int l = 0; l < 128 * int'(Lanes); l += 128) for (int c = 0; c < 4; c++) begin
              state[l + 32*c +: 32] <= rom0[gen_stage[s-1].state[l + 32*c +: 8]]
                                     ^ rom1[gen_stage[s-1].state[l + 32*((c+1)%4) + 8 +: 8]]
                                     ^ rom2[gen_stage[s-1].state[l + 32*((c+2)%4) + 16 +: 8]]
                                     ^ rom3[gen_stage[s-1].state[l + 32*((c+3)%4) + 24 +: 8]]
                                     ^ own[32*c +: 32];
            end
          end else begin   // the last round has no MixColumns
            for (int l = 0; l < 128 * int'(Lanes); l += 128) for (int c = 0; c < 4; c++) begin
              state[l + 32*c +: 32] <= {rom0[gen_stage[s-1].state[l + 32*((c+3)%4) + 24 +: 8]][15:8],
                                        rom0[gen_stage[s-1].state[l + 32*((c+2)%4) + 16 +: 8]][15:8],
                                        rom0[gen_stage[s-1].state[l + 32*((c+1)%4) + 8 +: 8]][15:8],
                                        rom0[gen_stage[s-1].state[l + 32*c +: 8]][15:8]}
                                     ^ own[32*c +: 32];
            end
          end
        end
      end
    end
  end

  logic unused_last_keys;   // nobody is behind the last stage
  assign unused_last_keys = &{1'b0, gen_stage[Stages].key256, gen_stage[Stages].next};

  assign valid_o = valid_q[Stages];
  assign block_o = gen_stage[Stages].state;
endmodule
