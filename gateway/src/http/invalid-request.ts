/**
 * Describes where a request is invalid, and what is expected there. It never repeats a value that was sent: a value, or
 * the name of an unknown field, may be a patient's.
 */
import type { z } from '@hono/zod-openapi';
import { Problem } from '#shared/protocol/problem.ts';

/** The message of a rule that has none of its own. */
const UNSAID = 'Invalid input';
/** The beginning of the message of a format that has none of its own. */
const WORDLESS = 'Invalid ';

type Issue = z.core.$ZodIssue;
/** The most places named in one answer. A caller that has corrected these is told the next ones. */
const PLACES = 5;
/** A longer list of values is not repeated in the answer; it is in /openapi.json. */
const VALUES = 12;

/**
 * `whole` names the request where all of it is wrong. Paths are repeated in the answer, so the caller has to leave out
 * paths that contain keys chosen by the sender.
 */
export const invalidRequest = (issues: readonly Issue[], whole: string): Problem =>
  new Problem('invalid-request', `Invalid: ${placesOf(issues, whole).slice(0, PLACES).join(', ')}.`);

/** Each place once, with what is expected there. */
export const placesOf = (issues: readonly Issue[], whole: string): readonly string[] => [
  ...new Set(
    issues.map((issue) =>
      [issue.path.map(String).join('.') || whole, wanted(issue)].filter((word) => word !== null).join(' '),
    ),
  ),
];

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
