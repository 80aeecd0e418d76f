/** The words for zooming into the image of a result. */
export const zoomWords = {
  label: 'The picture. Plus and minus zoom, arrow keys move it, 0 shows all of it.',
  in: 'Zoom in',
  out: 'Zoom out',
  signs: { in: '+', out: '−' },
  fit: 'Fit',
} as const;
