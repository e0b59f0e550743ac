import {
  and,
  IsAdminUser,
  IsAuthenticated,
  NotFound,
  or,
  Response,
  validated,
  type PermissionClasses,
} from 'sallyport';
import { NotebookView, type NotebookRequest } from '../api';
import { orm } from '../database';
import { describeNote, Note, visibleTo } from '../note';
import { NoteInput } from '../note-input';
import { IsOwner, IsReadOnly } from '../permissions';

/** The route's converter makes the number, a BigInt of a very long one. */
type NoteParams = { readonly id: number | bigint };

const LARGEST_ID = 2_147_483_647;

/** Who may see a note reads it; its owner and the staff change it. */
export class NoteDetail extends NotebookView {
  static override permissionClasses: PermissionClasses = [and(IsAuthenticated, or(IsReadOnly, IsOwner, IsAdminUser))];

  override async get(request: NotebookRequest, params: NoteParams): Promise<Response> {
    return new Response(describeNote(await this.getNote(request, params)));
  }

  override async put(request: NotebookRequest, params: NoteParams): Promise<Response> {
    const note = await this.getNote(request, params);
    const { title, text, shared = false } = await validated(NoteInput, request.data);
    return this.change(note, { title, text, shared });
  }

  override async patch(request: NotebookRequest, params: NoteParams): Promise<Response> {
    const note = await this.getNote(request, params);
    return this.change(note, await validated(NoteInput, request.data, { partial: true }));
  }

  override async delete(request: NotebookRequest, params: NoteParams): Promise<Response> {
    await orm.em.remove(await this.getNote(request, params)).flush();
    return new Response(null, { status: 204 });
  }

  /**
   * The note of the URL.
   * @throws NotFound also for someone else's private note: a stranger doesn't even learn that it exists
   * @throws PermissionDenied for a shared note that this user may read and not change
   */
  private async getNote(request: NotebookRequest, { id }: NoteParams): Promise<Note> {
    const query = { $and: [{ id: Number(id) }, visibleTo(request.user)] };
    const note = id > LARGEST_ID ? null : await orm.em.findOne(Note, query, { populate: ['owner'] });
    if (note === null) throw new NotFound();
    await this.checkObjectPermissions(request, note);
    return note;
  }

  private async change(note: Note, fields: Partial<NoteInput>): Promise<Response> {
    orm.em.assign(note, fields);
    await orm.em.flush();
    return new Response(describeNote(note));
  }
}
