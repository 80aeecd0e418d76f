/**
 * Where a request is not what is asked for, and what is asked for there. Never what came: a value, or the
 * name of a field that nobody knows, may be a patient's.
 */
import type { z } from '@hono/zod-openapi';
import { Problem } from '#shared/protocol/problem.ts';

/** The message of a rule that was given none. */
const UNSAID = 'Invalid input';

type Issue = z.core.$ZodIssue;
/** What is said at once; who has mended these is told the others. */
const PLACES = 5;
/** Longer lists are in /openapi.json. */
const VALUES = 12;

/**
 * `whole`: what the request is called where all of it is wrong. The paths are repeated: a caller whose schema
 * has keys of the sender's leaves those out.
 */
export function notAsAsked(issues: readonly Issue[], whole: string): Problem {
  const places = issues.map((issue) =>
    [issue.path.map(String).join('.') || whole, wanted(issue)].filter((word) => word !== null).join(' '),
  );
  return new Problem(
    'invalid-request',
    `Not as asked for: ${[...new Set(places)].slice(0, PLACES).join(', ')}.`,
  );
}

function wanted(issue: Issue): string | null {
  if (issue.code === 'custom') return issue.message === UNSAID ? null : `(${issue.message})`;
  const expected = expectedOf(issue);
  return expected && `(expected: ${expected})`;
}

function expectedOf(issue: Issue): string | null {
  if (issue.code === 'invalid_type') return issue.expected;
  if (issue.code === 'invalid_value')
    return issue.values.length > VALUES ? null : issue.values.map(String).join(' or ');
  if (issue.code === 'too_small') return `at least ${issue.minimum}`;
  if (issue.code === 'too_big') return `at most ${issue.maximum}`;
  if (issue.code === 'invalid_format') return issue.format === 'regex' ? null : issue.format;
  return issue.code === 'unrecognized_keys' ? 'no other fields' : null;
}
