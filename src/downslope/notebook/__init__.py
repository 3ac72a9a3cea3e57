"""What a notebook shows of our records: text, a table, a picture, and where it can be a page that answers.

In flow runs, fits, histories, forecasts and checks; out flow what Jupyter calls a MIME bundle. What lies below asks for
it through ``attachments``. Only ``downslope`` itself and the command line may import from here; anywidget is imported
where a page is shown.
"""
