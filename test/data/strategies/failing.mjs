// SPDX-License-Identifier: BSD-2-Clause
// Has all methods of a carrier, and each of them fails.
const fail = () => {
  throw new Error('this carrier carries nothing');
};

export default () => ({
  ...{ name: 'failing', request: fail, handOver: fail, take: fail, done: fail, report: fail },
  ...{ read: fail, accept: fail, applied: fail, accepted: fail },
});
