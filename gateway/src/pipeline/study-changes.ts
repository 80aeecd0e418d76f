/**
 * "This study changed", told after the commit to whoever shows it. It carries no content: who is told reads the study's status, so a change
 * that is missed or told twice harms nothing. Within one gateway; several would have to pass it through the database.
 */
export type StudyChanges = {
  emit(studyId: string): void;
  /** Returns the function that ends it. */
  subscribe(listener: (studyId: string) => void): () => void;
};

export function createStudyChanges(): StudyChanges {
  const listeners = new Set<(studyId: string) => void>();
  return {
    emit(studyId) {
      for (const listener of listeners) listener(studyId);
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}
