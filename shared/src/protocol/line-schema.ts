/**
 * A line that a person typed: trimmed, not empty, without control characters or unpaired surrogates, of at most
 * `longest` characters.
 */
import { z } from 'zod';

export const lineSchema = (longest: number) =>
  z
    .string()
    .trim()
    .min(1)
    .max(longest)
    .regex(/^[^\p{Cc}\p{Cs}]*$/u, 'no control characters');
