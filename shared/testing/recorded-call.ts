/** A call that a test has made by the contract, for its examples (scripts/record-examples.ts). */
import { appendFileSync } from 'node:fs';

export type RecordedCall = {
  readonly operationId: string;
  /** The name of the response in the contract, where it is one of many operations. */
  readonly refusal?: string | undefined;
  /** Absent: it has no body in JSON. */
  readonly request?: unknown;
  readonly requestType: string;
  readonly status: number;
  readonly type?: string;
  /** Absent: it has no body. */
  readonly answer?: unknown;
};

/** Recording is asked for. */
export const isRecording = process.env.RELAY_TEST_CALLS !== undefined;

export function recordCall(call: RecordedCall): void {
  const file = process.env.RELAY_TEST_CALLS;
  if (file !== undefined) appendFileSync(file, `${JSON.stringify(call)}\n`);
}
