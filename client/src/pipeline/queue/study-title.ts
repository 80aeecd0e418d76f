/**
 * The name of a study on the screen. After completion its title is erased. Its local label remains for the shift, and
 * its kind, size and sending time remain longer.
 */
import { formatDicomDate, formatMoment } from '../../kit/format.ts';
import { bornSaid, identitySaid, namesHidden, nameSaid } from '../../kit/identities.ts';
import { kitWords } from '../../kit/kit-words.ts';
import { images, series } from '../../kit/counted.ts';
import { titleWords } from './title-words.ts';
import type { QueuedStudy, StudyTitle } from './queued-study.ts';
import { isNoneInPacs } from './track-state.ts';

export function nameOf({ title, label, about }: Pick<QueuedStudy, 'title' | 'label' | 'about'>): string {
  if (!title && label !== null && namesHidden.value) return kitWords.nameHidden;
  if (!title) return label ?? titleWords.erasedName(about.modalities);
  return nameSaid(title.patientName) ?? titleWords.noPatient;
}

/**
 * When the study was queued and, once known, when the gateway began to receive it, which is the time shown on all
 * other screens.
 */
export function whenOf(
  { queuedAt }: Pick<QueuedStudy, 'queuedAt'>,
  sentAt: number | null,
  now: Date,
): string[] {
  const at = (moment: number) => formatMoment(new Date(moment), now);
  return [titleWords.queuedWhen(at(queuedAt)), ...(sentAt === null ? [] : [titleWords.sentWhen(at(sentAt))])];
}

/** Describes a study whose title is erased by its size and time. `sentAt` null: not known. */
export function remainsOf(
  study: Pick<QueuedStudy, 'about' | 'instances' | 'queuedAt' | 'completedAt' | 'state' | 'track'>,
  now: Date,
  sentAt: number | null = null,
): readonly string[] {
  const { about, completedAt, state, track } = study;
  const ended = isNoneInPacs(track) ? titleWords.leftOutWhen : titleWords.arrivedWhen;
  const at = (moment: number) => formatMoment(new Date(moment), now);
  return [
    series(about.series),
    images(study.instances),
    ...whenOf(study, sentAt, now),
    ...(state === 'done' && completedAt !== null ? [ended(at(completedAt))] : []),
  ];
}

/** Date, modality, body part and description, in this order, as far as they are known. */
export function partsOf(
  title: Pick<StudyTitle, 'studyDate' | 'modalities' | 'description'> & {
    readonly bodyParts: readonly string[];
  },
): readonly string[] {
  const parts = [
    formatDicomDate(title.studyDate),
    title.modalities.join('/'),
    title.bodyParts.map(toReadable).join(', '),
    // Some scanners separate the parts of a description with ^, as in a name.
    identitySaid(title.description.replace(/\^+/g, ' ')),
  ];
  return parts.filter((part): part is string => part !== null && part !== '');
}

/** Body Part Examined (0018,0015) is a code in capitals: CHEST → Chest. */
export function toReadable(code: string): string {
  return code === code.toUpperCase() ? code.charAt(0) + code.slice(1).toLowerCase() : code;
}

/** Patient ID and birth date (YYYYMMDD), which distinguish two patients with the same name. */
export function personLines(id: string | undefined, birthDate: string | undefined): readonly string[] {
  const shown = identitySaid(id);
  const birth = bornSaid(birthDate);
  return [...(shown ? [titleWords.patientId(shown)] : []), ...(birth ? [titleWords.born(birth)] : [])];
}
