/**
 * Inputs of the fuzzer: a generated instance, or a file with its mutations; and the options under which it is
 * de-identified.
 */
import fc from 'fast-check';
import type { PlantedFile } from './files.ts';
import { generatedInstance, type GeneratedInstance } from './instances.ts';
import { mutated, mutation } from './mutations.ts';

export type FuzzInput = {
  readonly bytes: Uint8Array;
  /** A description for the reader of a failure. */
  readonly about: string;
  /** All options together, or the plain profile. */
  readonly withOptions: boolean;
};

/**
 * Inputs, as many generated as mutated; each under the plain profile or all options. Shrinks to fewer elements, fewer
 * mutations.
 */
export function fuzzInput(files: readonly PlantedFile[]): fc.Arbitrary<FuzzInput> {
  const made = generatedInstance.map((instance) => ({ bytes: instance.bytes, about: describe(instance) }));
  const changed = fc
    .record({
      file: fc.constantFrom(...files),
      mutations: fc.array(mutation, { minLength: 1, maxLength: 4 }),
    })
    .map(({ file, mutations }) => ({
      bytes: mutated(file, mutations),
      about: `${file.name}, ${JSON.stringify(mutations)}`,
    }));
  return fc
    .record({ input: fc.oneof(made, changed), withOptions: fc.boolean() })
    .map(({ input, withOptions }) => ({ ...input, withOptions }));
}

function describe({ transferSyntaxUID, elements }: GeneratedInstance): string {
  return `generated, ${transferSyntaxUID}, ${elements.map(({ tag, vr, lie }) => `${tag.toString(16).padStart(8, '0')} ${vr}${lie ? ` length ${lie}` : ''}`).join(', ')}`;
}
