/** The place of the picture in an element that shows it whole and centred. */
export interface PictureBox {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

interface Size {
  readonly width: number;
  readonly height: number;
}

/** @param picture its own size; an unknown one (0) is taken to fill the element */
export function pictureBox(element: PictureBox, picture: Size): PictureBox {
  if (picture.width <= 0 || picture.height <= 0 || element.width <= 0 || element.height <= 0) {
    return element;
  }
  const scale = Math.min(element.width / picture.width, element.height / picture.height);
  const width = picture.width * scale;
  const height = picture.height * scale;
  return {
    left: element.left + (element.width - width) / 2,
    top: element.top + (element.height - height) / 2,
    width,
    height,
  };
}

export interface Place {
  /** 0…1 of the picture. */
  readonly x: number;
  readonly y: number;
  readonly isInside: boolean;
}

/** @returns the nearest place of the picture to a point of the page */
export function placeIn(box: PictureBox, clientX: number, clientY: number): Place {
  const x = (clientX - box.left) / Math.max(1, box.width);
  const y = (clientY - box.top) / Math.max(1, box.height);
  return {
    x: Math.min(1, Math.max(0, x)),
    y: Math.min(1, Math.max(0, y)),
    isInside: x >= 0 && x <= 1 && y >= 0 && y <= 1,
  };
}
