/**
 * A model's card: its input and output, its intended use, its measurements and its limits. `CARDS` has the cards of the
 * built-in models; versions that an administrator adds bring their own. Unknown fields of a card are kept and shown,
 * but not interpreted.
 */
import { z } from 'zod';
import gradientCard from '../../models/pneumonia-gradient.json' with { type: 'json' };
import kindCard from '../../models/image-kind.json' with { type: 'json' };
import lungsCard from '../../models/lung-fields.json' with { type: 'json' };
import pneumoniaCard from '../../models/pneumonia.json' with { type: 'json' };
import { digestSchema } from '../protocol/forms.ts';
import type { ModelId, ModelRef } from './model.ts';

const shapeSchema = z.array(z.number().int().min(1).max(4096)).min(1).max(6);

export const modelCardSchema = z.looseObject({
  id: z.string().min(1).max(64),
  version: z.string().min(1).max(32),
  title: z.string().max(200),
  task: z.string().max(64),
  intendedUse: z.string().max(500),
  /** The input is a single picture: [1, 1, side, side]. `batch`: the first dimension may be larger. */
  input: z.looseObject({
    name: z.string().max(64),
    shape: shapeSchema,
    type: z.literal('float32'),
    batch: z.boolean(),
  }),
  outputs: z.record(z.string(), z.looseObject({ shape: shapeSchema })),
  classes: z.array(z.string()).optional(),
  /** The lowest score that counts as a positive finding. */
  threshold: z.number().min(0).max(1).optional(),
  temperature: z.number().positive().optional(),
  /** The ages are in whole years, both included. */
  population: z
    .looseObject({
      ageYears: z.tuple([z.number(), z.number()]),
      bodyPart: z.string(),
      view: z.array(z.string()),
    })
    .optional(),
  measures: z.record(z.string(), z.unknown()).optional(),
  limits: z.array(z.string()),
  file: z.string().max(200),
  bytes: z.number().int().positive(),
  sha256: digestSchema,
});
export type ModelCard = z.infer<typeof modelCardSchema>;

/** The cards of the built-in models. */
export const CARDS: Readonly<Record<ModelId, ModelCard>> = {
  'image-kind': modelCardSchema.parse(kindCard),
  pneumonia: modelCardSchema.parse(pneumoniaCard),
  'pneumonia-gradient': modelCardSchema.parse(gradientCard),
  'lung-fields': modelCardSchema.parse(lungsCard),
};

export function refOf({ id, version, sha256 }: ModelCard): ModelRef {
  return { id, version, digest: sha256 };
}

/** The side of the model's square input, in pixels. Throws RangeError if the input is not one grey square. */
export function sideOf({ input: { shape } }: ModelCard): number {
  const [batch, channels, rows, columns] = shape;
  if (shape.length !== 4 || batch !== 1 || channels !== 1 || rows === undefined || rows !== columns)
    throw new RangeError('a model that takes no grey square');
  return rows;
}
