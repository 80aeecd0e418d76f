/**
 * The name of a study on the screen. After completion its title is erased; its local label remains for the shift,
 * and its kind, size and sending time for longer.
 */
import { formatMoment, formatPersonName } from '../../kit/format.ts';
import { instances, series } from '../../kit/counted.ts';
import { queueWords } from './queue-words.ts';
import type { QueuedStudy } from './queued-study.ts';

export function nameOf({ title, label, about }: Pick<QueuedStudy, 'title' | 'label' | 'about'>): string {
  if (!title) return label ?? queueWords.erasedName(about.modalities);
  return formatPersonName(title.patientName) ?? queueWords.noPatient;
}

/** Tells studies with an erased title apart: by size and time. */
export function remainsOf(
  study: Pick<QueuedStudy, 'about' | 'instances' | 'queuedAt' | 'completedAt' | 'state'>,
  now: Date,
): readonly string[] {
  const { about, queuedAt, completedAt, state } = study;
  const at = (moment: number) => formatMoment(new Date(moment), now);
  return [
    series(about.series),
    instances(study.instances),
    queueWords.queuedWhen(at(queuedAt)),
    ...(state === 'done' && completedAt !== null ? [queueWords.arrivedWhen(at(completedAt))] : []),
  ];
}
