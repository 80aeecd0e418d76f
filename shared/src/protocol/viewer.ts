/** Viewers that a site has: an address with a place for the Study Instance UID, opened from the app. */
import { z } from 'zod';

export const STUDY_PLACE = '{StudyInstanceUID}';
export const VIEWERS_LIMIT = 5;

/** Web pages, and the schemes by which installed viewers are started. None of them runs anything in the app. */
const SCHEMES: readonly string[] = ['https:', 'http:', 'weasis:', 'radiant:', 'osirix:', 'horos:'];

/** The address for one study. */
export const fillViewerAddress = (template: string, studyInstanceUID: string): string =>
  template.replaceAll(STUDY_PLACE, studyInstanceUID);

function isViewerAddress(template: string): boolean {
  const url = URL.parse(fillViewerAddress(template, '1.2'));
  if (url === null || !template.includes(STUDY_PLACE)) return false;
  // A host that the study names would be somebody else's.
  const isElsewhere = URL.parse(fillViewerAddress(template, '1.3'))?.host !== url.host;
  return SCHEMES.includes(url.protocol) && !isElsewhere && url.username + url.password === '';
}

export const viewerSchema = z.strictObject({
  /** As people know it. */
  title: z.string().trim().min(1).max(60),
  /** With `{StudyInstanceUID}` in it, and no password. */
  address: z.string().max(2000).refine(isViewerAddress, 'no viewer’s address'),
});
export type Viewer = z.infer<typeof viewerSchema>;
export const viewersSchema = z.strictObject({ viewers: z.array(viewerSchema).max(VIEWERS_LIMIT) });

/** Answer of `POST /studies/{studyInstanceUID}/viewer-link`: in the order that the administrator gave them. */
export const viewerLinksSchema = z.object({
  links: z.array(z.object({ title: z.string(), url: z.string() })),
});
export type ViewerLink = z.infer<typeof viewerLinksSchema>['links'][number];
