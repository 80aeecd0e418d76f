/**
 * The modalities that create objects of these SOP Classes, as Defined Terms of Modality (0008,0060, PS3.3
 * C.7.3.1.1.1): the gateway only reports a study's SOP Classes, nothing else of its header.
 */

/** Modalities by the end of the SOP Class UID, below 1.2.840.10008.5.1.4.1.1 (PS3.4 §B.5). */
const MODALITIES: readonly (readonly [RegExp, string])[] = [
  [/^2(\.|$)/, 'CT'],
  [/^4(\.|$)/, 'MR'],
  [/^1\.2/, 'MG'],
  [/^1\.3/, 'IO'],
  [/^1\.1/, 'DX'],
  [/^1$/, 'CR'],
  [/^(3|6)(\.|$)/, 'US'],
  [/^7(\.|$)/, 'OT'],
  [/^12\.2/, 'RF'],
  [/^(12\.[13]|13\.)/, 'XA'],
  [/^20$/, 'NM'],
  [/^(128|130)(\.|$)/, 'PT'],
  [/^77\.1/, 'XC'],
  [/^9\./, 'ECG'],
  [/^11\./, 'PR'],
  [/^66\.4$/, 'SEG'],
  [/^88\./, 'SR'],
  [/^104\./, 'DOC'],
  [/^481\./, 'RT'],
];
const STORAGE_ROOT = '1.2.840.10008.5.1.4.1.1.';

/** The distinct modalities, in the order of the classes. Unknown classes are left out. */
export function modalitiesOf(sopClassUIDs: readonly string[]): readonly string[] {
  const known = sopClassUIDs.flatMap((uid) => {
    const end = uid.startsWith(STORAGE_ROOT) ? uid.slice(STORAGE_ROOT.length) : '';
    return MODALITIES.find(([form]) => form.test(end))?.[1] ?? [];
  });
  return [...new Set(known)];
}

/** A pattern for the SOP Class UIDs of one modality, in a syntax that PostgreSQL and JavaScript share. */
export function classPatternOf(modality: string): string {
  const ends = MODALITIES.filter(([, name]) => name === modality).map(([{ source }]) => source.slice(1));
  return `^${STORAGE_ROOT.replaceAll('.', '\\.')}(${ends.join('|')})`;
}
