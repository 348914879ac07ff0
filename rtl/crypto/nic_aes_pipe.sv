// SPDX-License-Identifier: BSD-2-Clause
//
// nic_aes_pipe: AES-128/256 encryption, fully pipelined. Latency 15 cycles for both key sizes,
// one block a cycle, no backpressure: who feeds it keeps room for what comes out.
//
// Byte order: byte k of blocks and keys is bits [8k+7:8k]; AES-128 uses key_i[127:0].
// Keys: key_valid_i one cycle before the first block of a message sets the key for the blocks that
// follow; it may coincide with the last block of the message before, so a key change costs nothing.
module nic_aes_pipe (
  input  logic         clk_i,
  input  logic         rst_ni,
  input  logic         key_valid_i,
  input  logic         key256_i,
  input  logic [255:0] key_i,
  input  logic         valid_i,
  input  logic [127:0] block_i,
  output logic         valid_o,
  output logic [127:0] block_o
);
  localparam int unsigned Stages = 14;   // rounds; stage 0 adds the first round key

  logic [Stages:0]   valid_q;   // [s]: stage s holds a block
  logic [Stages-1:0] token_q;   // [s]: stage s took its round keys in the last cycle

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      valid_q <= '0;
      token_q <= '0;
    end else begin
      valid_q <= {valid_q[Stages-1:0], valid_i};
      token_q <= {token_q[Stages-2:0], key_valid_i};
    end
  end

  for (genvar s = 0; s <= Stages; s++) begin : gen_stage
    logic         key256;
    logic [127:0] key_own, key_next, state;
    if (s == 0) begin : gen_whiten
      always_ff @(posedge clk_i) begin
        if (key_valid_i) begin
          key256   <= key256_i;
          key_own  <= key_i[127:0];
          key_next <= key256_i ? key_i[255:128] : key_i[127:0];
        end
      end
      always_ff @(posedge clk_i) if (valid_i) state <= block_i ^ key_own;
    end else begin : gen_round
      nic_aes_round #(.Stage(s)) u_round (
        .clk_i       (clk_i),
        .key_valid_i (token_q[s-1]),
        .key256_i    (gen_stage[s-1].key256),
        .key_own_i   (gen_stage[s-1].key_own),
        .key_next_i  (gen_stage[s-1].key_next),
        .key256_o    (key256),
        .key_own_o   (key_own),
        .key_next_o  (key_next),
        .valid_i     (valid_q[s-1]),
        .state_i     (gen_stage[s-1].state),
        .state_o     (state)
      );
    end
  end

  logic unused_last_keys;   // nobody is behind the last stage
  assign unused_last_keys = &{1'b0, gen_stage[Stages].key256, gen_stage[Stages].key_own,
                              gen_stage[Stages].key_next};

  assign valid_o = valid_q[Stages];
  assign block_o = gen_stage[Stages].state;
endmodule
