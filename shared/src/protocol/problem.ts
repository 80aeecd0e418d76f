/** The error by which a request is refused. */
import type { AnyProblemCode } from './inference-problems.ts';

const waitSaid = (seconds: string | undefined): string | undefined =>
  seconds === undefined ? undefined : `Try again in ${seconds} s.`;

/** A refusal on its way to the caller. `detail` is for a person and must not hold a value of the data. */
export class Problem extends Error {
  readonly code: AnyProblemCode;
  readonly detail: string | undefined;
  readonly headers: Readonly<Record<string, string>>;

  constructor(code: AnyProblemCode, detail?: string, headers: Record<string, string> = {}) {
    super(detail ?? code);
    this.name = 'Problem';
    this.code = code;
    // Only this place states the wait in words, so that it cannot differ from the header.
    this.detail = detail ?? waitSaid(headers['Retry-After']);
    this.headers = headers;
  }
}
