import {
  ObtainAuthToken,
  Response,
  ScopedRateThrottle,
  type Request,
  type ThrottleClasses,
  type User,
} from 'sallyport';
import { NotebookView } from '../api';

/** Gives a token for a name and a password, and tells whose it is. Five tries a minute: the setting `login`. */
export class Login extends ObtainAuthToken<User> {
  static override settings = NotebookView.settings;
  static override throttleClasses: ThrottleClasses = [ScopedRateThrottle];
  static override throttleScope = 'login';

  override async post(request: Request<User>): Promise<Response> {
    const serializer = this.getSerializer(request.data);
    await serializer.isValid({ raiseException: true });
    const { user } = serializer.validatedData;
    const [token] = await this.store.getOrCreate(user);
    return new Response({ token: token.key, username: user.username });
  }
}
