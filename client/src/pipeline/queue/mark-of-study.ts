/**
 * 16 bits of FNV-1a of a Study Instance UID. They tell whether two studies are the same, but cannot lead back to a
 * study.
 */
export function markOfStudy(studyInstanceUID: string): number {
  let hash = 0x811c9dc5;
  for (const letter of studyInstanceUID) hash = Math.imul(hash ^ letter.charCodeAt(0), 0x01000193);
  return hash & 0xffff;
}
