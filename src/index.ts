// SPDX-License-Identifier: BSD-2-Clause
// The public API. What the commands do, a script can do with these.
export {
  BusError,
  FAULT_MEM_SILENT,
  FAULT_READ_ERROR,
  FAULT_REG_SILENT,
  FAULT_WRITE_ERROR,
  type NicBus,
  type SimConfig,
  type SimTotals,
  type SimWorld,
} from './dev/nic/nic_bus.ts';
export type { NicConfig, NicOptions } from './dev/nic/nic_config.ts';
export type { CardSas, DriverModule, NicDriver } from './dev/nic/nic_driver.ts';
export type { EndHost } from './end_host.ts';
export { Capture } from './harness/capture.ts';
export { createWorld } from './harness/create_world.ts';
export { loadDriver } from './harness/driver_file.ts';
export { finishRun, passed } from './harness/finish_run.ts';
export type { FlowEnd } from './harness/flow_end.ts';
export { type HazardReport, runHazards } from './harness/hazards/run_hazards.ts';
export { cardLibrary, engineLibrary, type LibraryOptions } from './harness/library.ts';
export { openLoneCard } from './harness/lone_card.ts';
export type { Violation } from './harness/oracle/violation.ts';
export { WireOracle } from './harness/oracle/wire_oracle.ts';
export type { OwnRtl } from './harness/own_rtl.ts';
export { type ReplayOptions, type ReplayReport, replay } from './harness/replay.ts';
export type { RunReport } from './harness/run_report.ts';
export {
  defineScenario,
  SCENARIOS,
  type Scenario,
  type ScenarioParams,
} from './harness/scenario.ts';
export type { PacketSize } from './harness/sizes.ts';
export type { TapFrame } from './harness/tap.ts';
export { addressesOf, addressOf, INNER, OUTER } from './harness/topology.ts';
export type { UdpFlow, UdpFlowOptions } from './harness/udp_flow.ts';
export { EspCard, type EspCardResult } from './harness/vectors/esp_card.ts';
export { readVectors } from './harness/vectors/read_vectors.ts';
export { openRtlEngine } from './harness/vectors/rtl_engine.ts';
export { runVectors, type VectorsResult } from './harness/vectors/run_vectors.ts';
export { SoftwareEngine } from './harness/vectors/software_engine.ts';
export { type VectorFile, VectorsError } from './harness/vectors/vector_case.ts';
export { StalledError, type World } from './harness/world.ts';
export type { WorldOptions } from './harness/world_options.ts';
export { CaptureError, type Frame } from './header/capture.ts';
export { type IpAddr, ipAddrParse } from './header/ip_addr.ts';
export { readCapture } from './header/pcap.ts';
export type { Host } from './host.ts';
export type { MTagPool } from './kern/m_tag.ts';
export type { MbufPool } from './kern/mbuf.ts';
export { type TurnRule, turnRules } from './kern/turn_rule.ts';
export type { UdpSocket } from './netinet/socket.ts';
export type { Acquire } from './netipsec/acquire.ts';
export { CarrierInPlace } from './netipsec/carrier_in_place.ts';
export {
  type Carrier,
  MTAG_COOKIE_IPSEC,
  NO_REQUEST,
  type OffloadRequest,
  PACKET_TAG_IPSEC_IN_CRYPTO_DONE,
  PACKET_TAG_IPSEC_IN_DONE,
  PACKET_TAG_IPSEC_OUT_CRYPTO_NEEDED,
  PACKET_TAG_IPSEC_OUT_DONE,
  REQ_CARD_SA,
  REQ_DST,
  REQ_ESN_HI,
  REQ_ESP,
  REQ_GENERATION,
  REQ_IF_INDEX,
  REQ_PROTO,
  REQ_SA_HANDLE,
  REQ_SPI,
  REQUEST_WORDS,
} from './netipsec/pact.ts';
export type { Sa, SaParams } from './netipsec/sa.ts';
export type { SaLifetime } from './netipsec/sa_lifetime.ts';
export { SadbError } from './netipsec/sadb_error.ts';
export { SetkeyError } from './netipsec/setkey_error.ts';
export { type Policy, SpdError } from './netipsec/spd.ts';
export { espSaFile } from './report/esp_sa.ts';
export type { ProfileReport } from './report/profile_report.ts';
export { PROFILE_SCHEMA } from './report/profile_schema.ts';
export type { CaseResult, ValidateResults } from './report/validate_results.ts';
export { type ValidateOptions, validate } from './validate/validate.ts';
export { VerilatorError } from './verilator/error.ts';
