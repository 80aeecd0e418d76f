/**
 * The places where a request is invalid, and what is expected there. Never the value sent: it, or the name of
 * an unknown field, may be a patient's.
 */
import type { z } from '@hono/zod-openapi';
import { Problem } from '#shared/protocol/problem.ts';

/** The message of a rule without one of its own. */
const UNSAID = 'Invalid input';
/** How the message of a form begins that has no words of its own. */
const WORDLESS = 'Invalid ';

type Issue = z.core.$ZodIssue;
/** The most places named in one answer; a caller that has corrected these is told the others. */
const PLACES = 5;
/** Longer lists are in /openapi.json. */
const VALUES = 12;

/**
 * `whole` names the request when all of it is wrong. Paths are repeated in the answer, so the caller leaves
 * out paths with keys of the sender's.
 */
export function invalidRequest(issues: readonly Issue[], whole: string): Problem {
  const places = issues.map((issue) =>
    [issue.path.map(String).join('.') || whole, wanted(issue)].filter((word) => word !== null).join(' '),
  );
  return new Problem('invalid-request', `Invalid: ${[...new Set(places)].slice(0, PLACES).join(', ')}.`);
}

function wanted(issue: Issue): string | null {
  if (issue.code === 'custom') return issue.message === UNSAID ? null : `(${issue.message})`;
  if (issue.code === 'invalid_format' && !issue.message.startsWith(WORDLESS)) return `(${issue.message})`;
  const expected = expectedOf(issue);
  return expected && `(expected: ${expected})`;
}

function expectedOf(issue: Issue): string | null {
  if (issue.code === 'invalid_type') return issue.expected;
  if (issue.code === 'invalid_value')
    return issue.values.length > VALUES ? null : issue.values.map(String).join(' or ');
  if (issue.code === 'too_small') return `at least ${issue.minimum}`;
  if (issue.code === 'too_big') return `at most ${issue.maximum}`;
  if (issue.code === 'invalid_format')
    return issue.format === 'regex' ? `the form ${issue.pattern}` : issue.format;
  return issue.code === 'unrecognized_keys' ? 'no other fields' : null;
}
